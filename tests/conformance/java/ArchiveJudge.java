import java.io.FileInputStream;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.ValidationResult;

/** ArchiveJudge FILE...: one line a file, "FILE FLAVOUR COMPLIANT FAILED-RULES", by the flavour that the file claims. */
public class ArchiveJudge {
  public static void main(String[] arguments) throws Exception {
    VeraGreenfieldFoundryProvider.initialise();
    for (String file : arguments) {
      try (PDFAParser parser = Foundries.defaultInstance().createParser(new FileInputStream(file))) {
        PDFAFlavour flavour = parser.getFlavour();
        PDFAValidator validator = Foundries.defaultInstance().createValidator(flavour, false);
        ValidationResult result = validator.validate(parser);
        System.out.println(file + " " + flavour + " " + result.isCompliant() + " " + result.getFailedChecks().keySet());
      }
    }
  }
}
