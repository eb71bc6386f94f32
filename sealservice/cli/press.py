"""`sealservice press`: one seal on one file, or on many, going on past those that are refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from sealservice.cli.files import handed_out, make_folder, require_readable, require_writable
from sealservice.cli.options import DEFAULT_HOME, Acting, Home, Json, Session, session
from sealservice.cli.output import INTERRUPTED, WrongUsage, error_as_json, exit_code_of, message_of
from sealservice.cli.placement import Spot, next_field, placement
from sealservice.impressions.model import Impression
from sealservice.impressions.request import Level, Order, PressRequest
from sealservice.kernel.errors import InvalidInput
from sealservice.workers.order import Edge, Hits
from sealservice.workers.switches import Switch
from sealverify.digest import Digest

PagePlace = Annotated[str | None, typer.Option("--at", metavar="PAGE,X,Y", help="Centre, mm from top left. 页码,左,上")]
Offset = Annotated[str, typer.Option("--offset", metavar="DX,DY", help="mm right and down of the hit. 偏移")]
Pages = Annotated[str | None, typer.Option("--pages", metavar="1-3,7", help="Pages that take part. 页码范围")]
NextFields = Annotated[
    list[str] | None,
    typer.Option("--next", metavar="NAME@PAGE,X,Y", help="A field for one who follows. 后续签章域"),
]
IdempotencyKey = Annotated[
    str | None, typer.Option("--idempotency-key", help="Pressing again under it gives the same impression. 幂等键")
]


def press(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="PDF files. 待盖章文件")],
    seal: Annotated[str, typer.Option("--seal", metavar="CODE", help="The seal's code. 印章编码")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OUT", help="A file, or a folder for many. 输出")],
    at: PagePlace = None,
    keyword: Annotated[str | None, typer.Option("--keyword", metavar="TEXT", help="On these words. 关键字定位")] = None,
    hits: Annotated[Hits, typer.Option("--hits", help="Which hits of the keyword. 第一处/最后一处/每一处")] = Hits.LAST,
    offset: Offset = "0,0",
    field: Annotated[str | None, typer.Option("--field", metavar="NAME", help="In this empty field. 签名域")] = None,
    riding: Annotated[bool, typer.Option("--riding", help="Cut over the edges of the pages. 骑缝章")] = False,
    edge: Annotated[Edge, typer.Option("--edge", help="Which edge it rides. 骑缝位置")] = Edge.RIGHT,
    group: Annotated[int, typer.Option("--group", min=2, help="Pages one riding seal covers at most. 每组页数")] = 18,
    cut: Annotated[float | None, typer.Option("--cut", min=0.05, max=0.95, help="First page's share. 对开比例")] = None,
    pages: Pages = None,
    every_page: Annotated[bool, typer.Option("--every-page", help="On every page. 每页加盖")] = False,
    spot: Annotated[str | None, typer.Option("--spot", metavar="X,Y", help="Where on every page. 每页位置")] = None,
    invisible: Annotated[bool, typer.Option("--invisible", help="No picture. 不可见签章")] = False,
    first_of_several: Annotated[bool, typer.Option("--first-of-several", help="Others follow. 多部门首签")] = False,
    next_fields: NextFields = None,
    final: Annotated[bool, typer.Option("--final", help="Nothing may follow. 末位签章，锁定文件")] = False,
    reason: Annotated[str | None, typer.Option("--reason", help="Why; shown in the file. 用印事由")] = None,
    matter: Annotated[str | None, typer.Option("--matter", help="The matter's number. 事项编号")] = None,
    level: Annotated[Level, typer.Option("--level", help="B-T has a timestamp. 签名级别")] = Level.B_T,
    allow: Annotated[list[Switch] | None, typer.Option("--allow", help="Waive a refusal by its name. 放行")] = None,
    key: IdempotencyKey = None,
    acting: Acting = None,
    home: Home = DEFAULT_HOME,
    json: Json = False,
) -> int:
    """Presses a seal on PDF files. Without a place it goes on the last 盖章 or (seal), else lower right."""
    where = placement(
        at=at, keyword=keyword, hits=hits, offset=offset, field=field, riding=riding, edge=edge, group=group, cut=cut,
        pages=pages, every_page=every_page, spot=Spot.parse(spot) if spot else None, invisible=invisible,
    )  # fmt: skip
    targets = list(_targets(files, output))
    if key is not None and len(files) > 1:
        raise WrongUsage("IDEMPOTENCY_KEY_FOR_ONE")
    with session(home, as_json=json, acting=acting) as s:
        common = Common(
            seal_code=seal,
            keeper=s.actor,
            placement=where,
            level=level,
            order=_order(first=first_of_several, final=final),
            next_fields=tuple(next_field(text) for text in next_fields or ()),
            reason=reason,
            matter=matter,
            allow=frozenset(allow or ()),
            idempotency_key=key,
        )
        return _press_all(s, targets, common)


@dataclass(frozen=True)
class Common:
    """What is the same for all files of one command: PressRequest without its document."""

    fields: dict[str, Any]

    def __init__(self, **fields: Any) -> None:
        object.__setattr__(self, "fields", fields)

    def request(self, document: Path) -> PressRequest:
        return PressRequest(document=document, **self.fields)


def _order(*, first: bool, final: bool) -> Order:
    if first and final:
        raise WrongUsage("FIRST_AND_FINAL")
    return Order.FIRST if first else Order.FINAL if final else Order.ANY


def _targets(files: Sequence[Path], output: Path) -> Iterator[tuple[Path, Path]]:
    """Where each file goes: `output` itself for one, `output`/NAME for many or for a folder that is there."""
    into_folder = len(files) > 1 or _is_folder(output)
    if into_folder and output.suffix.lower() == ".pdf" and not output.is_dir():
        raise WrongUsage("OUTPUT_FOR_MANY", path=output, files=len(files))
    names: set[str] = set()
    for file in files:
        if file.name in names:
            raise WrongUsage("SAME_NAME_TWICE", name=file.name)
        names.add(file.name)
        target = output / file.name if into_folder else output
        require_writable(target)
        if target.exists() and file.exists() and target.samefile(file):
            raise WrongUsage("OUTPUT_IS_INPUT", path=file)
        yield file, target
    make_folder(output if into_folder else output.parent)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError as error:  # such as a name that is too long
        raise InvalidInput("FILE_UNWRITABLE", path=path, reason=error.strerror) from error


def _press_all(s: Session, targets: Sequence[tuple[Path, Path]], common: Common) -> int:
    results: list[dict[str, Any]] = []
    code = 0
    try:
        with _progress(s, len(targets)) as advance:
            for document, target in targets:
                result, failed = _press_one(s, document, target, common)
                results.append(result)
                code = code or failed
                _tell(s, result)
                advance()
    except KeyboardInterrupt:
        code = INTERRUPTED
    s.output.answer({"results": results}, lambda _: _sum_up(s, targets, results))
    return code


def _press_one(s: Session, document: Path, target: Path, common: Common) -> tuple[dict[str, Any], int]:
    """What became of one file, and the exit code that it stands for. Whatever goes wrong with it is its own result:
    the files behind it get their turn."""
    result: dict[str, Any] = {"file": str(document)}
    try:
        require_readable(document)
        impression = s.house.pressing.press(common.request(document))
        result |= described(impression)  # recorded: whatever happens now, it can be fetched by its identifier
        with handed_out():
            s.house.store.copy_out(Digest.parse(impression.sealed or ""), target)
    except Exception as error:
        s.output.trace(error)
        failed = {"error": error_as_json(error), "message": s.output.say(message_of(error))}
        return {**result, **failed}, exit_code_of(error)
    return {**result, "output": str(target)}, 0


def described(impression: Impression) -> dict[str, Any]:
    """An impression as a program reads it."""
    return {
        "impression": impression.impression_id,
        "state": impression.state,
        "seal": impression.seal_code,
        "pressed_by": impression.pressed_by,
        "document": impression.document,
        "sealed": impression.sealed,
        "level": impression.level,
        "intended_at": impression.intended_at.isoformat(),
        "timestamp_at": impression.timestamp_at.isoformat() if impression.timestamp_at else None,
        "timestamp_source": impression.timestamp_source,
        "reason": impression.request["reason"],
        "matter": impression.request["matter"],
        "form": impression.preparation["form"],
        "places": impression.preparation["places"],
        "failure": impression.failure,
    }


@contextmanager
def _progress(s: Session, total: int) -> Iterator[Any]:
    """A bar when there is more than one file and a person looks on."""
    if total < 2 or s.output.json or not s.output.console.is_terminal:
        yield lambda: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=s.output.console, transient=True) as progress:
        task = progress.add_task(s.output.text("PRESSING"), total=total)
        yield lambda: progress.advance(task)


def _tell(s: Session, result: dict[str, Any]) -> None:
    if s.output.json:
        return
    if "error" in result:
        s.output.console.print("✗", result["file"], style="red", markup=False, soft_wrap=True)
        s.output.console.print("  ", result["message"], markup=False, soft_wrap=True)
        if "impression" in result:
            s.output.line("PRESSED_NOT_WRITTEN", impression=result["impression"])
        return
    s.output.console.print("✓", result["output"], style="green", markup=False, soft_wrap=True)
    for place in result["places"][:3]:
        s.output.line("PRESSED_AT", page=place["page"], x=f"{place['x_mm']:.1f}", y=f"{place['y_mm']:.1f}")


def _sum_up(s: Session, targets: Sequence[tuple[Path, Path]], results: Sequence[dict[str, Any]]) -> None:
    failed = sum("error" in result for result in results)
    if len(targets) > 1:
        s.output.line("PRESSED_MANY", pressed=len(results) - failed, failed=failed)
    if len(targets) > len(results):
        s.output.line("BROKEN_OFF", file=targets[len(results)][0], left=len(targets) - len(results) - 1)
