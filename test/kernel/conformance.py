"""Runs jupyter_kernel_test against our kernel and prints what became of each test as JSON."""

import json
import sys
import unittest

import jupyter_kernel_test

HOOK = '(globalThis as any)[Symbol.for("handoff.jupyter")]'


class Ended:
    """The tests' own end asks the kernel on a socket of a context that is closed by then."""

    @classmethod
    def tearDownClass(cls):
        cls.kc.stop_channels()
        cls.km.shutdown_kernel(now=True)


class Handoff(Ended, jupyter_kernel_test.KernelTests):
    kernel_name = "handoff"
    language_name = "typescript"
    file_extension = ".ts"

    code_hello_world = 'console.log("hello, world")'
    code_stderr = 'console.error("test")'

    completion_samples = [
        {"text": "Math.ceil", "matches": {"ceil"}},
        {"text": 'import { chain } from "loda', "matches": {"lodash"}},
    ]

    complete_code_samples = [
        "1",
        'console.log("hello, world")',
        "function f(x: number): number {\n  return x * 2;\n}\n",
        "const x = `a\nb`;",
        "const later = await Promise.resolve(1);",
        "for await (const x of []) console.log(x);",
        "if (true) 1; else 2",
        "// a comment",
        "/* a\ncomment */",
        "type Pair<T> = [T, T];",
        "const f = <T>(x: T) => x;",
        "",
    ]
    incomplete_code_samples = [
        'console.log("hello, world"',
        "function f(x: number) {",
        "const x = `open",
        "const x = `open\n\n\n",
        "const x = `${1 + ",
        "/* open",
        "const x =",
        "1 +",
        "const f = (x: number) =>",
        "import { simulate",
        "class A",
        "try {\n}",
        "[1, 2,",
        "const s = 'a\\",
        "const s = 'a\\\n",
        "const x: ",
    ]
    invalid_code_samples = [
        "const = 3",
        "const x = 'open",
        "1 2 3 (",
        "}",
        "foo)",
        "let 1x = 2; {",
        "const r = /open",
        "0x",
    ]

    code_generate_error = "throw new Error('no')"

    code_execute_result = [
        {"code": "1 + 2 + 3", "result": "6"},
        {"code": "[1, 2, 3].map((n) => n * n)", "result": "[ 1, 4, 9 ]"},
        {"code": "2 * 5", "result": "10"},
        {"code": "2 * 6", "result": "12"},
        {"code": "2 * 5", "result": "10"},
        {
            "code": '({ [Symbol.for("Jupyter.display")]: () => ({ "text/html": "<b>x</b>", "text/plain": "x" }) })',
            "result": "<b>x</b>",
            "mime": "text/html",
        },
    ]
    code_display_data = [
        {"code": HOOK + '.display({ "text/html": "<b>x</b>", "text/plain": "x" })', "mime": "text/html"},
    ]

    code_history_pattern = "2 * 5*"
    supported_history_operations = ("tail", "range", "search")

    code_inspect_sample = "Math.max("
    code_clear_output = HOOK + ".clear()"


class Welcome(Ended, jupyter_kernel_test.IopubWelcomeTests):
    kernel_name = "handoff"
    support_iopub_welcome = True


class Told(unittest.TestResult):
    """Keeps subtests apart from the tests that they belong to."""

    def __init__(self):
        super().__init__()
        self.passed = []

    def addSuccess(self, test):
        self.passed.append(test.id().split(".")[-1])


told = Told()
loader = unittest.defaultTestLoader
for case in (Handoff, Welcome):
    loader.loadTestsFromTestCase(case).run(told)
wrong = [[str(test), text] for test, text in told.failures + told.errors]
skipped = [[test.id().split(".")[-1], why] for test, why in told.skipped]
json.dump({"passed": told.passed, "wrong": wrong, "skipped": skipped}, sys.stdout)
