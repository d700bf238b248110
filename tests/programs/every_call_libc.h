/* every_call: functions of libc with hidden state.  They are called by the only thread, and while there is a second
 * one, since the hooks do nothing in a process that never had another thread. */
#include <dirent.h>
#include <getopt.h>
#include <grp.h>
#include <locale.h>
#include <mntent.h>
#include <netdb.h>
#include <netinet/ether.h>
#include <pwd.h>
#include <search.h>
#include <shadow.h>
#include <stdlib.h>
#include <unistd.h>
#include <utmp.h>
#include <utmpx.h>
#include <wchar.h>

/* Prints whether there is a result, the part of it that does not depend on the machine, and errno. */
#define found(call)                                                                                                    \
	do {                                                                                                           \
		errno = 77;                                                                                            \
		const void *result_ = (const void *)(call);                                                            \
		say("%s is %s, errno %s\n", #call, result_ ? "there" : "NULL", error_name(errno));                     \
	} while (0)
#define tells(call)                                                                                                    \
	do {                                                                                                           \
		errno = 77;                                                                                            \
		const char *result_ = (call);                                                                          \
		say("%s = %s, errno %s\n", #call, result_ ? result_ : "NULL", error_name(errno));                      \
	} while (0)
#define counts(call)                                                                                                   \
	do {                                                                                                           \
		errno = 77;                                                                                            \
		long result_ = (long)(call);                                                                           \
		say("%s = %ld, errno %s\n", #call, result_, error_name(errno));                                        \
	} while (0)

static void every_text_and_time_call(void)
{
	char text[] = "one,two";
	time_t at = 86400;
	const struct tm *tm = gmtime(&at);

	tells(strtok(text, ","));
	tells(strtok(NULL, ","));
	tells(strtok(NULL, ","));
	say("gmtime %d\n", tm->tm_mday);
	tells(asctime(tm));
	say("localtime %d\n", localtime(&at)->tm_year);
	tells(ctime(&at));
	counts(mblen("a", 1));
	counts(mbtowc(NULL, "a", 1));
	counts(wctomb(text, L'a'));
	tells(l64a(1000));
}

static void every_number_call(void)
{
	unsigned short seed[3] = {1, 2, 3}, parameters[7] = {1, 2, 3, 4, 5, 6, 7};
	int point, negative;

	srand48(5);
	counts(drand48() * 1000);
	counts(lrand48());
	counts(mrand48());
	say("seed48 %u\n", seed48(seed)[0]);
	lcong48(parameters);
	counts(lrand48());
	tells(ecvt(1.25, 3, &point, &negative));
	tells(fcvt(1.25, 3, &point, &negative));
	tells(qecvt(1.25L, 3, &point, &negative));
	tells(qfcvt(1.25L, 3, &point, &negative));
	counts(hcreate(8));
	found(hsearch((ENTRY){.key = "key"}, ENTER));
	found(hsearch((ENTRY){.key = "key"}, FIND));
	found(hsearch((ENTRY){.key = "other"}, FIND));
	hdestroy();
}

static void every_user_call(void)
{
	tells(getpwnam("root")->pw_name);
	found(getpwnam("no such user"));
	tells(getpwuid(0)->pw_name);
	found(getpwent());
	endpwent();
	tells(getgrnam("root")->gr_name);
	tells(getgrgid(0)->gr_name);
	found(getgrent());
	endgrent();
	found(getspnam("no such user"));
	found(getspent());
	endspent();
	found(getlogin());
	found(ttyname(-1));
	found(ptsname(-1));
	found(getutent());
	found(getutxent());
	found(getutid(&(struct utmp){.ut_type = BOOT_TIME}));
	found(getutxid(&(struct utmpx){.ut_type = BOOT_TIME}));
	found(getutline(&(struct utmp){.ut_line = "none"}));
	found(getutxline(&(struct utmpx){.ut_line = "none"}));
	endutent();
}

/* Numbers, so that no name server is asked. */
static void every_network_call(void)
{
	const char address[4] = {127, 0, 0, 1};

	found(gethostbyname("127.0.0.1"));
	found(gethostbyname2("127.0.0.1", AF_INET));
	found(gethostbyaddr(address, 1, AF_INET));
	found(gethostent());
	endhostent();
	found(getservbyname("no such service", "tcp"));
	found(getservbyport(0, "tcp"));
	found(getservent());
	endservent();
	found(getprotobyname("no such protocol"));
	found(getprotobynumber(-1));
	found(getprotoent());
	endprotoent();
	found(getnetbyname("no.such.net."));
	found(getnetbyaddr(0, -1));
	found(getnetent());
	endnetent();
	found(getrpcbyname("no such program"));
	found(getrpcbynumber(-1));
	found(getrpcent());
	endrpcent();
	tells(ether_ntoa(&(struct ether_addr){{1, 2, 3, 4, 5, 6}}));
	found(ether_aton("1:2:3:4:5:6"));
	found(ether_aton("none"));
}

static void every_environment_call(void)
{
	static char variable[] = "every_call=put";
	static const struct option longs[] = {{"long", no_argument, NULL, 'l'}, {0}};
	char *arguments[] = {"program", "-a", "--long", "-long", NULL};

	tells(getenv("every_call"));
	counts(setenv("every_call", "set", 1));
	counts(setenv("every_call", "not set", 0));
	counts(setenv("=", "", 1));
	tells(getenv("every_call"));
	tells(secure_getenv("every_call"));
	counts(putenv(variable));
	tells(getenv("every_call"));
	counts(unsetenv("every_call"));
	counts(unsetenv(""));
	tells(getenv("every_call"));
	tells(setlocale(LC_ALL, NULL));
	tells(setlocale(LC_ALL, "C"));
	tells(setlocale(LC_ALL, "no such locale"));
	optind = 0;
	counts(getopt(4, arguments, "a"));
	counts(getopt_long(4, arguments, "a", longs, NULL));
	counts(getopt_long_only(4, arguments, "a", longs, NULL));
}

static void every_file_call(void)
{
	DIR *stream = opendir("/proc/self");
	FILE *mounts = fopen("/proc/self/mounts", "r");

	found(readdir(stream));
	found(readdir64(stream));
	counts(closedir(stream));
	found(getmntent(mounts));
	fclose(mounts);
}

static void every_libc_call(void)
{
	every_text_and_time_call();
	every_number_call();
	every_user_call();
	every_network_call();
	every_environment_call();
	every_file_call();
}

static void *call_all(void *unused)
{
	every_libc_call();
	return unused;
}

/* A child loses its environment, which the rest of the program needs. */
static void clear_in_child(void)
{
	pid_t pid = fork();

	if (!pid) {
		counts(clearenv());
		tells(getenv("PATH"));
		_exit(0);
	}
	must(pid > 0 && waitpid(pid, NULL, 0) == pid);
}

static void every_state_call(void)
{
	say("-- hidden state\n");
	every_libc_call();
	say("-- hidden state, in another thread\n");
	elsewhere(call_all, NULL);
	clear_in_child();
}
