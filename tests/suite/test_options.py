"""The command line of bench/run."""

import contextlib
import io
import unittest

import made_up  # noqa: F401  (it knows where the suite is)

from experiments import EXPERIMENTS, QUICK, listing
from options import PEERS, THE_FOUR, kind_of, parse_options
from problem import USAGE, Problem

BAD = [
    (["--rounds=0"], "--rounds=0: "),
    (["--rounds=three"], "--rounds=three: "),
    (["--rounds=1e3"], "--rounds=1e3: "),
    (["--turn=0"], "--turn=0: "),
    (["--turn=-1"], "--turn=-1: "),
    (["--turn=nan"], "--turn=nan: "),
    (["--turn=0,3"], "--turn=0,3: "),
    (["--turn="], "--turn=: "),
    (["--cycles=0"], "--cycles=0: "),
    (["--cycles="], "--cycles=: "),
    (["--seconds=1"], "--seconds=1"),
    (["--idle="], "--idle=: "),
    (["--idle=5,5"], "--idle=5,5: the numbers must ascend"),
    (["--idle=max,5"], "--idle=max,5: "),
    (["--idle=1,,2"], "--idle=1,,2: "),
    (["--active=0,1"], "--active=0,1: "),
    (["--active=max"], "--active=max: "),
    (["churn", "--idle=5"], "--idle=5: only the experiment idle takes that"),
    (["churn", "size", "--active=5"], "--active=5: only the experiment idle takes that"),
    (["--seed=x"], "--seed=x: "),
    (["--server=echo {port}"], "--server=echo {port}: "),
    (["--server=a b=c {port}"], "--server=a b=c {port}: "),
    (["--server=mine=echo"], "--server=mine=echo: the command doesn't say"),
    (["--server=poll_server=x {port}"], "--server=poll_server=x {port}: the name"),
    (["--server=floor=x {port}"], "--server=floor=x {port}: the name"),
    (["--server=libuv=x {port}"], "--server=libuv=x {port}: the name"),
    (["--server=epoll_lt_again=x {port}"], "--server=epoll_lt_again=x {port}: the name"),
    (["--server=m=x {port}", "--server=m=y {port}"], "--server=m=y {port}: the name"),
    (["--server=mine='x {port}"], "--server=mine='x {port}: "),
    (["--only=poll_server,pol"], "--only=poll_server,pol: no server is called 'pol'"),
    (["--only=libuv"], "--only=libuv: no server is called 'libuv'"),
    (["--quick", "--full"], "--quick and --full"),
    (["--report=/nowhere"], "--report=/nowhere: "),
    (["--report=" + "x" * 300], "no trials.ndjson in there"),
    (["--compare", "/nowhere", "/here"], "--compare=/nowhere: "),
    (["--compare", "/nowhere"], "--compare"),
    (["--draw=/nowhere"], "--draw"),
    (["--frobnicate"], "--frobnicate"),
    (["--round=3"], "--round=3"),
    (["idl"], "idl: no such experiment"),
    (["--rounds"], "--rounds"),
]


class Mistakes(unittest.TestCase):
    def test_a_mistake_is_one_line_with_option_and_value_and_status_64(self):
        for arguments, expected in BAD:
            with self.subTest(arguments), self.assertRaises(Problem) as caught:
                parse_options(arguments)
            self.assertIn(expected, str(caught.exception))
            self.assertNotIn("\n", str(caught.exception))
            self.assertEqual(caught.exception.status, USAGE)

    def test_an_unknown_experiment_is_answered_with_the_known_ones(self):
        with self.assertRaises(Problem) as caught:
            parse_options(["latencies"])
        for experiment in EXPERIMENTS:
            self.assertIn(experiment.name, str(caught.exception))

    def test_an_unknown_server_is_answered_with_the_known_ones(self):
        with self.assertRaises(Problem) as caught:
            parse_options(["--server=mine=x {port}", "--only=min"])
        for name in [*THE_FOUR, "mine"]:
            self.assertIn(name, str(caught.exception))


class Choices(unittest.TestCase):
    def test_all_experiments_unless_some_are_named(self):
        every = [experiment.name for experiment in EXPERIMENTS]
        self.assertEqual(parse_options([]).experiments, every)
        self.assertEqual(parse_options(["churn", "idle", "churn"]).experiments, ["idle", "churn"])

    def test_names_and_options_may_stand_in_any_order(self):
        options = parse_options(["idle", "--rounds=3", "size", "--quick", "churn"])
        self.assertEqual(options.experiments, ["idle", "size", "churn"])
        self.assertEqual((options.rounds, options.pace), (3, QUICK))

    def test_given_options_win_over_the_pace(self):
        for chosen in (["--quick"], ["--full"], []):
            options = parse_options([*chosen, "--rounds=7", "--idle=0,200,max"])
            self.assertEqual((options.rounds, options.idle), (7, [0, 200, "max"]))

    def test_by_default_there_are_five_rounds_and_three_in_a_hurry(self):
        self.assertEqual(parse_options([]).rounds, 5)
        self.assertEqual(parse_options(["--quick"]).rounds, 3)

    def test_a_command_is_split_as_a_shell_would(self):
        options = parse_options(["--server", "mine=python3 'my server.py' --port={port}"])
        self.assertEqual(options.servers["mine"], ["python3", "my server.py", "--port={port}"])

    def test_only_chooses_among_all_of_them(self):
        options = parse_options(["--server=m=x {port}", "--only=m,poll_server"])
        self.assertEqual(list(options.servers), ["poll_server", "m"])

    def test_peers_come_when_they_are_called(self):
        self.assertEqual(list(parse_options([]).servers), THE_FOUR)
        self.assertEqual(list(parse_options(["--peers"]).servers), THE_FOUR + PEERS)
        chosen = parse_options(["--peers", "--only=epoll_lt_server,libuv"])
        self.assertEqual(list(chosen.servers), ["epoll_lt_server", "libuv"])

    def test_every_name_has_its_kind(self):
        kinds = {"poll_server": "four", "libuv": "peer", "floor": "floor"}
        kinds |= {"epoll_lt_again": "twin", "anything": "mine"}
        for name, kind in kinds.items():
            self.assertEqual(kind_of(name), kind)


class Texts(unittest.TestCase):
    def test_the_list_shows_all_of_each_in_80_columns(self):
        text = listing()
        self.assertLessEqual(max(len(line) for line in text.splitlines()), 80)
        joined = " ".join(text.split())
        for experiment in EXPERIMENTS:
            for said in (experiment.question, experiment.setup, experiment.expectation):
                self.assertIn(said, joined)

    def test_the_help_fits_80_columns(self):
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown), self.assertRaises(SystemExit) as ended:
            parse_options(["--help"])
        self.assertEqual(ended.exception.code, 0)
        self.assertLessEqual(max(len(line) for line in shown.getvalue().splitlines()), 80)


if __name__ == "__main__":
    unittest.main()
