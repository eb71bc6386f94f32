/* A PKCS#11 module that passes everything on to another one, and misbehaves on request.
 *
 * PROXY_TARGET is the module behind it, PROXY_CONTROL a folder. A file in that folder switches a fault on:
 *   cant-lock        C_Initialize answers CKR_CANT_LOCK to CKF_OS_LOCKING_OK; two threads inside at once leave `overlap`
 *   crash-at-start   C_Initialize aborts the process
 *   hang-sign        C_Sign does not return while the file is there; leaves `hanging`
 *   flip-bit         C_Sign gives a signature with one bit changed
 *   device-removed   C_SignInit answers CKR_DEVICE_REMOVED while the file is there
 *   session-invalid  C_SignInit answers CKR_SESSION_HANDLE_INVALID once (the file goes)
 *   die-before-login, die-after-login   the process dies around C_Login, once
 * and these grow by one byte a call: `logins`, `sessions`, `signatures`.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef unsigned long ulong_t;
struct function_list { unsigned char version[2]; void *functions[68]; };
struct initialize_arguments { void *mutex_functions[4]; ulong_t flags; void *reserved; };

enum { INITIALIZE = 0, GET_FUNCTION_LIST = 3, OPEN_SESSION = 12, LOGIN = 18, SIGN_INIT = 42, SIGN = 43 };
enum { CKR_OK = 0, CKR_GENERAL_ERROR = 5, CKR_CANT_LOCK = 0x0A, CKR_DEVICE_REMOVED = 0x32,
       CKR_SESSION_HANDLE_INVALID = 0xB3, CKF_OS_LOCKING_OK = 2 };

static struct function_list real, ours;
static atomic_int inside;

static const char *control(const char *name, char *path) {
    snprintf(path, PATH_MAX, "%s/%s", getenv("PROXY_CONTROL"), name);
    return path;
}
static int on(const char *name) { char path[PATH_MAX]; return access(control(name, path), F_OK) == 0; }
static int once(const char *name) { char path[PATH_MAX]; return unlink(control(name, path)) == 0; }
static void count(const char *name) {
    char path[PATH_MAX];
    int file = open(control(name, path), O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (file < 0 || write(file, "+", 1) != 1) abort();
    close(file);
}
static void enter(void) {
    if (atomic_fetch_add(&inside, 1) > 0 && on("cant-lock")) count("overlap");
    if (on("cant-lock")) usleep(500);
}
static void leave(void) { atomic_fetch_sub(&inside, 1); }

static ulong_t initialize(void *given) {
    struct initialize_arguments *arguments = given;
    if (on("crash-at-start")) abort();
    if (arguments && (arguments->flags & CKF_OS_LOCKING_OK) && on("cant-lock")) return CKR_CANT_LOCK;
    return ((ulong_t (*)(void *))real.functions[INITIALIZE])(given);
}
static ulong_t open_session(ulong_t slot, ulong_t flags, void *application, void *notify, ulong_t *session) {
    count("sessions");
    return ((ulong_t (*)(ulong_t, ulong_t, void *, void *, ulong_t *))real.functions[OPEN_SESSION])(
        slot, flags, application, notify, session);
}
static ulong_t login(ulong_t session, ulong_t user, unsigned char *pin, ulong_t length) {
    count("logins");
    if (once("die-before-login")) _exit(9);
    ulong_t answer =
        ((ulong_t (*)(ulong_t, ulong_t, unsigned char *, ulong_t))real.functions[LOGIN])(session, user, pin, length);
    if (once("die-after-login")) _exit(9);
    return answer;
}
static ulong_t sign_init(ulong_t session, void *mechanism, ulong_t key) {
    if (on("device-removed")) return CKR_DEVICE_REMOVED;
    if (once("session-invalid")) return CKR_SESSION_HANDLE_INVALID;
    enter();
    ulong_t answer = ((ulong_t (*)(ulong_t, void *, ulong_t))real.functions[SIGN_INIT])(session, mechanism, key);
    leave();
    return answer;
}
static ulong_t sign(ulong_t session, unsigned char *data, ulong_t length, unsigned char *signature, ulong_t *size) {
    if (signature && on("hang-sign")) {
        count("hanging");
        while (on("hang-sign")) usleep(1000);
    }
    enter();
    ulong_t answer = ((ulong_t (*)(ulong_t, unsigned char *, ulong_t, unsigned char *, ulong_t *))real.functions[SIGN])(
        session, data, length, signature, size);
    leave();
    if (signature && answer == CKR_OK) {
        count("signatures");
        if (on("flip-bit")) signature[5] ^= 1;
    }
    return answer;
}

ulong_t C_GetFunctionList(struct function_list **answer) {
    if (!ours.functions[GET_FUNCTION_LIST]) {
        void *target = dlopen(getenv("PROXY_TARGET"), RTLD_NOW | RTLD_LOCAL);
        ulong_t (*get)(struct function_list **) = target ? dlsym(target, "C_GetFunctionList") : NULL;
        struct function_list *found;
        if (!get || get(&found) != CKR_OK) return CKR_GENERAL_ERROR;
        real = ours = *found;
        ours.functions[INITIALIZE] = initialize;
        ours.functions[GET_FUNCTION_LIST] = C_GetFunctionList;
        ours.functions[OPEN_SESSION] = open_session;
        ours.functions[LOGIN] = login;
        ours.functions[SIGN_INIT] = sign_init;
        ours.functions[SIGN] = sign;
    }
    *answer = &ours;
    return CKR_OK;
}
