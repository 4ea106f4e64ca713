/*
 * loadgen: measure echo servers under load, in turns.
 *
 * The experiment: hold some connections that are silent and some that talk, and
 * see how many echoes per second come back and how long each takes.  Then hold
 * more silent ones and do it again.  What the server does for its clients stays
 * the same; what changes is the number of connections it has to search.
 * Several servers take turns of some milliseconds, so that whatever else the
 * machine does hits all of them alike.
 *
 *     load_options  the command line, and the points that it asks for
 *     conductor     decides which server has the turn
 *     orders        what it says to the generator process of each server
 *     interrupt     Ctrl-C ends a run, and keeps what was measured
 *
 * client/, in the order in which a message passes through it:
 *     pattern       what a message says, so that each byte can be judged
 *     message       one connection and its message in flight
 *     address       the server's address, and how to connect to it
 *     connections   opening in batches, each proved by an echo
 *
 * load/:
 *     turns         the generator process of a server
 *     loop          a turn: start, window, drain
 *     closed        the load: the next message leaves when the reply is there
 *     open          the load: each message leaves when it was planned
 *     schedule      when that is
 *     churn         the load: connect, one echo, reset, again
 *     firehose      connections that stream without end beside the active ones
 *     freeze        stopping the server for a known time
 *
 * record/:
 *     clock         nanoseconds
 *     random        the same numbers from the same seed
 *     histogram     the latencies of a trial in 30 KiB
 *     usage         what server and generator used, read from outside
 *     cpu_clock     the server's CPU time, exact to the moment of reading
 *     instructions  how many instructions the server executed
 *     trial         one server at one point: what was asked for and measured
 *     report        all trials of a point; json, text, hgrm: ways to write it
 *     lines         those, on their way to a reader that may be slow
 *
 * Try, beside a server that was started after ulimit -n "$(ulimit -Hn)":
 *     build/bench/loadgen/loadgen --idle=0,1000 --active=1,100 127.0.0.1:10001
 */
#include "client/pattern.h"
#include "conductor.h"
#include "interrupt.h"
#include "load_options.h"
#include "record/hgrm.h"
#include "record/json.h"
#include "startup.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    static struct load_options options;
    int json_fd = -1;
    int text_fd = STDOUT_FILENO;

    startup();
    options = load_options_parse(argc, argv);
    interrupt_watch();
    pattern_init();
    if (options.json != NULL)
        json_fd = json_line_open(options.json);
    if (json_fd == STDOUT_FILENO)
        text_fd = STDERR_FILENO;
    if (options.hgrm != NULL)
        hgrm_open(options.hgrm);
    bool valid = conductor_run(&options, json_fd, text_fd);
    if (interrupt_signal() != 0) {
        warnx("%s: stopped; the point underway is dropped",
              strsignal(interrupt_signal()));
        return 128 + interrupt_signal(); /* as a shell reports a signal */
    }
    return valid ? EXIT_SUCCESS : EXIT_FAILURE;
}
