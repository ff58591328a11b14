"""Runs CPython's own test modules and writes what became of each case, as JSON lines: {"id", "outcome", "detail"}.

    unittest_outcomes.py OUTCOMES.jsonl LEFT_OUT.txt MODULE…

LEFT_OUT.txt names, a line each, ids of cases (or of classes and modules, which stand for all in them) that aren't run; what follows a blank is why.
A case that fails in sub-tests has one line for each of them. A skip's outcome holds its reason, so that a case skipped for another reason differs.
"""
import faulthandler, json, os, re, sys, traceback, unittest
from test import support
from test.support import os_helper

# Seconds after which a case is taken for hung, and told with the stacks of all threads. Only a hang: all cases together may take longer.
BOUND = 90

class Outcomes(unittest.TestResult):
    """Writes each outcome at once, so that a hang or a crash shows where it was."""

    def __init__(self, file):
        super().__init__()
        self.file = file
        self.told = False

    def tell(self, test, outcome, detail=""):
        self.told = True
        print(json.dumps({"id": test.id(), "outcome": outcome, "detail": detail}), file=self.file, flush=True)

    def startTest(self, test):
        super().startTest(test)
        self.told = False
        faulthandler.dump_traceback_later(BOUND, exit=True)

    def addSuccess(self, test):
        self.tell(test, "ok")

    def addSkip(self, test, reason):
        # Places in memory and numbers of processes differ from run to run.
        self.tell(test, "skip: " + re.sub(r"0x[0-9a-f]+|\b\d{4,}\b", "#", reason))

    def addFailure(self, test, error):
        self.tell(test, "fail", "".join(traceback.format_exception(*error)))

    def addError(self, test, error):
        self.tell(test, "error", "".join(traceback.format_exception(*error)))

    def addExpectedFailure(self, test, error):
        self.tell(test, "expected failure")

    def addUnexpectedSuccess(self, test):
        self.tell(test, "unexpected success")

    def addSubTest(self, test, subtest, error):
        if error is not None:
            self.tell(subtest, "fail" if issubclass(error[0], test.failureException) else "error", "".join(traceback.format_exception(*error)))

    def stopTest(self, test):
        super().stopTest(test)
        if not self.told:
            self.tell(test, "no outcome")

def cases(suite):
    for entry in suite:
        if isinstance(entry, unittest.TestSuite):
            yield from cases(entry)
        else:
            yield entry

def is_left_out(name, names):
    return any(name == other or name.startswith(other + ".") for other in names)

def without(suite, names):
    """The same tree, so that modules and classes are set up and torn down as they are."""
    return unittest.TestSuite(without(e, names) if isinstance(e, unittest.TestSuite) else e
                              for e in suite if isinstance(e, unittest.TestSuite) or not is_left_out(e.id(), names))

def main(outcomes, left_out, *modules):
    with open(left_out) as file:
        names = [line.split()[0] for line in file if line.strip() and not line.startswith("#")]
    # As `python3 -m test` without -u: nothing that needs the Internet, much memory or minutes.
    support.use_resources = {}
    with open(outcomes, "w") as file, os_helper.temp_dir() as directory, os_helper.change_cwd(directory):
        loader = unittest.TestLoader()
        suite = loader.loadTestsFromNames(modules)
        everything = [case.id() for case in cases(suite)]
        for name in names:
            if not any(is_left_out(case, [name]) for case in everything) and any(name.startswith(m + ".") for m in modules):
                sys.exit(f"{left_out} names {name}, which isn't there")
        without(suite, names).run(Outcomes(file))

main(*sys.argv[1:])
