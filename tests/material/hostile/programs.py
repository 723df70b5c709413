# ruff: noqa: E501 - a program is one text
"""Programs that try to get out of the sandbox, to use it up, or to break it: any number of them, the same at every run.

A family is a list of templates. What stands in `<...>` is drawn: sizes, names, letters. A template is then put into one
of the wrappings, so that it runs at the top, in a function, where every exception is caught, or out of a text.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

SIZES = (10**3, 10**4, 10**5, 10**6, 10**7, 10**8, 10**9, 10**10, 10**12, 2**31, 2**63 - 1, 2**63, 2**64, 10**20)
SMALL = (2, 3, 7, 10, 30, 64, 100, 255, 300, 999, 1000, 1001, 5000)
LETTERS = ("a", "0", " ", "\\n", "\\x00", "é", "字", "\\U0001f600", "\\u202e", "\\x1b[2J", "\\ud800", "e\\u0301" * 3)

FAMILIES: dict[str, list[str]] = {
    "loops": [
        "while True: pass",
        "n = <small>\nwhile n: n += 1",
        "for i in range(<size>): x = i * i % 7",
        "import itertools\nfor i in itertools.count(): pass",
        "def f():\n    while True:\n        try:\n            while True: pass\n        finally:\n            continue\nf()",
        "x = [1]\nfor i in x: x.append(i)",
        "d = {0: 0}\nwhile True:\n    d[0] += 1",
        "while True:\n    try:\n        raise ValueError\n    except ValueError: pass",
        "i = iter(lambda: 1, 2)\nfor x in i: pass",
        "any(False for _ in range(<size>))",
        "sum(1 for a in range(<small>) for b in range(<size>))",
        "max(range(<size>), key=lambda x: -x)",
        "import time\nwhile True: time.sleep(<size>)",
        "import asyncio\nasync def f():\n    while True: await asyncio.sleep(<small>)\nasyncio.run(f())",
    ],
    "memory": [
        "x = [0] * <size>",
        "x = '<letter>' * <size>",
        "x = '<letter>'\nwhile True: x += x",
        "x = []\nwhile True: x.append(x)",
        "x = [[]]\nwhile True: x = [x, x, x]",
        "x = {}\nwhile True: x[len(x)] = '<letter>' * <small>",
        "x = list(range(<size>))",
        "x = set(range(<size>))",
        "x = tuple(bytes(<small>) for _ in range(<size>))",
        "x = bytes(<size>)",
        "x = (1,)\nfor i in range(<small>): x = x + x",
        "def f(x):\n    def g(): return x\n    return g\ny = 0\nwhile True: y = f([y] * <small>)",
        "class A: pass\nx = []\nwhile True:\n    a = A()\n    a.x = x\n    x.append(a)",
        "from collections import deque\nx = deque()\nwhile True: x.append('<letter>' * <small>)",
        "import copy\nx = [list(range(<small>))]\nwhile True: x.append(copy.deepcopy(x))",
    ],
    "recursion": [
        "def f(): return f()\nf()",
        "def f(n): return f(n + 1) + f(n + 2)\nf(0)",
        "f = lambda *a: f(*a, 1)\nf()",
        "class A:\n    def __repr__(self): return repr(self)\nrepr(A())",
        "class A:\n    def __eq__(self, o): return self == o\nA() == A()",
        "class A:\n    def __hash__(self): return hash(self)\nhash(A())",
        "class A:\n    def __getattr__(self, n): return getattr(self, n + 'x')\nA().x",
        "class A:\n    def __iter__(self): return iter(self)\nlist(A())",
        "def f(x): return sorted([1, 2], key=f)\nf(0)",
        "def f(x): return list(map(f, [x]))\nf(0)",
        "x = []\nfor _ in range(<size>): x = [x]\nprint(x)",
        "x = {}\nfor _ in range(<size>): x = {'a': x}\nprint(x == x, hash(str(x)))",
        "x = ()\nfor _ in range(<size>): x = (x,)\nhash(x)",
        "x = []\nfor _ in range(10 ** 5): x = [x]\ny = []\nfor _ in range(10 ** 5): y = [y]\nx == y",
        "import json\nx = []\nfor _ in range(<size>): x = [x]\njson.dumps(x)",
        "import copy\nx = []\nfor _ in range(10 ** 5): x = [x]\ncopy.deepcopy(x)",
        "from functools import reduce, partial\nf = print\nfor _ in range(<size>): f = partial(f, 1)\nf()",
        "async def f(): return await f()\nimport asyncio\nasyncio.run(f())",
    ],
    "huge integers": [
        "print(<size> ** <size>)",
        "x = 2 ** <size>",
        "x = 1 << <size>",
        "x = 10 ** (10 ** 6)\nprint(x)",
        "x = 10 ** (10 ** 6)\nx // (10 ** (5 * 10 ** 5) + 1)",
        "x = 3\nwhile True: x *= x",
        "import math\nmath.factorial(<size>)",
        "import math\nmath.comb(<size>, <size>)",
        "import math\nmath.prod(range(1, <size>))",
        "import math\nmath.isqrt(10 ** <size>)",
        "import math\nmath.gcd(10 ** (10 ** 6) + 1, 3 ** (2 * 10 ** 6))",
        "pow(3, 10 ** (10 ** 5), 10 ** (10 ** 5) + 7)",
        "int('9' * <size>)",
        "int('f' * <size>, 16)",
        "print(str(7 ** <size>))",
        "from decimal import Decimal, getcontext\ngetcontext().prec = <size>\nprint(Decimal(1) / 3)",
        "from decimal import Decimal\nprint(Decimal('1e<size>') + 1)",
        "from decimal import Decimal\nprint(int(Decimal('1e<size>')))",
        "print(round(10 ** <size>, -<size>))",
        "print(1e308 * <size>, int(1e308) ** <small>)",
    ],
    "regular expressions": [
        "import re\nre.match('(a+)+$', 'a' * <small> + 'b')",
        "import re\nre.match('(a|aa)*$', 'a' * <size> + 'b')",
        "import re\nre.match('(.*)*,' * <small>, '<letter>' * <small>)",
        "import re\nre.match(r'(a*)\\1*$', 'a' * <small> + 'b')",
        "import re\nre.compile('(' * <small> + ')' * <small>)",
        "import re\nre.compile('a{<small>}{<small>}{<small>}')",
        "import re\nre.sub('', '<letter>' * <small>, '<letter>' * <size>)",
        "import re\nre.findall('(?=(a+))', 'a' * <size>)",
        "import re\nre.compile('[' + '<letter>-\\U0010ffff' * <small> + ']')",
        "import re\nre.split('(x?)*', 'x' * <size>)",
        "import re\nre.sub('a', lambda m: m.string * <small>, 'a' * <small>)",
    ],
    "attributes": [
        "().__class__.__bases__[0].__subclasses__()",
        "print([c for c in ().__class__.__mro__[-1].__subclasses__() if 'wrap' in str(c)])",
        "(lambda: 0).__globals__['__builtins__']",
        "(lambda: 0).__code__.co_consts",
        "def f(): pass\nf.__code__ = (lambda: 1).__code__",
        "getattr(getattr(print, '__self__'), 'open')('<file>').read()",
        "import sys\nprint(sys.modules['os'].environ)",
        "import sys\nsys._getframe(1).f_globals",
        "import json\njson.codecs.open('<file>').read()",
        "import random\nrandom._os.system('echo x > <file>.new')",
        "import collections\ncollections._sys.modules",
        "try:\n    1 / 0\nexcept Exception as e:\n    print(e.__traceback__.tb_frame.f_globals)",
        "type('X', (object,), {'__del__': lambda s: open('<file>')})()",
        "setattr(str, 'upper', lambda s: 'x')",
        "print.__self__.__dict__.clear()",
        "globals()['__builtins__'].open('<file>')",
        "vars()['x'] = 1\nlocals().clear()\ndir().clear()",
        "class M(type): pass\nclass A(metaclass=M): pass",
        "class A:\n    def __class_getitem__(c, i): return i\nA[open]('<file>')",
        "import dataclasses\ndataclasses.make_dataclass('A', ['x; import os'])(1)",
        "from collections import namedtuple\nnamedtuple('A', ['x', '__class__'])",
        "object.__getattribute__(print, '__doc__')",
    ],
    "the machine": [
        "print(open('<file>').read())",
        "open('<file>.new', 'w').write('x')",
        "from pathlib import Path\nprint(Path('<file>').read_text())",
        "from pathlib import Path\nPath('<file>.new').write_text('x')",
        "from pathlib import Path\nprint(list(Path('<file>').parent.iterdir()))",
        "from pathlib import Path\nPath('<file>').unlink()",
        "import os\nprint(os.environ['<variable>'])",
        "import os\nprint(os.getenv('<variable>'))",
        "import os\nos.system('cat <file>')",
        "import os\nprint(os.listdir('/'), os.path.exists('<file>'))",
        "import os\nos.chdir('/proc/self')\nprint(open('environ').read())",
        "import os\nos.remove('<file>')",
        "import os\nos.popen('cat <file>').read()",
        "import os\nfor fd in range(<small>): os.write(fd, b'x' * <small>)",
        "for fd in range(100): open(fd).read()",
        "import socket\nsocket.create_connection(('127.0.0.1', <port>))",
        "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:<port>/')",
        "import asyncio\nasyncio.run(asyncio.open_connection('127.0.0.1', <port>))",
        "import subprocess\nsubprocess.run(['cat', '<file>'])",
        "import ctypes\nctypes.CDLL(None).system(b'cat <file>')",
        "__import__('os').system('cat <file>')",
        "__loader__.load_module('os')",
        "import importlib\nimportlib.import_module('os').system('cat <file>')",
        "exec(open('<file>').read())",
        "print(open('/proc/self/maps').read(), open('/proc/self/mem', 'rb').read(<small>))",
        "print(open('../../../../../..<file>').read())",
        "print(open('<file>\\x00.txt').read())",
        "import hashlib\nprint(hashlib.file_digest(open('<file>', 'rb'), 'md5'))",
        "import csv\nprint(list(csv.reader(open('<file>'))))",
        "import tomllib\nprint(tomllib.load(open('<file>', 'rb')))",
        "breakpoint()\ninput()\nhelp()",
        "from os import *\nfrom sys import *\nprint(environ)",
    ],
    "prints without end": [
        "while True: print('<letter>' * <small>)",
        "while True: print('<letter>', end='')",
        "while True: print()",
        "print('<letter>' * <size>)",
        "print(*range(<size>))",
        "print(*['<letter>' * <small>] * <small>, sep='<letter>' * <small>)",
        "import sys\nwhile True: print('x' * <small>, file=sys.stderr)",
        "print(list(range(10 ** 6)))",
        "print('\\x00\\x01\\xff' * <small>)\nprint(b'\\x08\\x96\\x01' * <small>)",
        "print('a' * 8191, end='')\nprint('<letter>' * 3, end='')\nprint('b' * 8192)",
    ],
    "worker kills": [
        "import os, signal\nos.kill(os.getpid(), 9)",
        "import os\nos.abort()",
        "import os\nos._exit(0)",
        "import sys\nsys.exit(<small>)",
        "exit()\nquit()",
        "raise SystemExit(<size>)",
        "raise KeyboardInterrupt",
        "raise BaseException('<letter>' * <size>)",
        "import faulthandler\nfaulthandler._sigsegv()",
        "import sys\nsys.setrecursionlimit(<size>)\ndef f(): f()\nf()",
        "import os\nwhile True: os.fork()",
        "import threading\nwhile True: threading.Thread(target=print).start()",
        "x = ' ' * (1 << 60)",
        "x = 'a' * 10 ** 6\nx.join(['b'] * <small>)",
        "import sys\nsys.stdout.write('x')\nsys.stdout.close()\nprint('y')",
        "import sys\nsys.stdout = None\nprint(1)",
        "raise MemoryError('memory limit exceeded')",
        "raise TimeoutError('feed time limit exceeded: 0s > 1s')",
        "raise NotImplementedError('<letter>' * <small>)",
    ],
    "format strings": [
        "print('{0.__class__.__init__.__globals__}'.format(print))",
        "print('{:>{}}'.format(1, <size>))",
        "print('{0[' + '0' * <small> + ']}'.format([1]))",
        "print('%<size>d' % 3)",
        "print('%*d' % (<size>, 3))",
        "print('%.<size>f' % 0.1)",
        "print('{' * <small> + '}' * <small>)\n('{' * <small>).format(1)",
        "print(format(1.5, '.<size>f'))",
        "print(format(10 ** 1000, '_d'), format(2 ** 9999, 'b'))",
        "'{a.b.c}'.format_map({'a': 1})",
    ],
    "f-strings": [
        "print(f'{1:>{<size>}}')",
        "print(f'{0.1:.<size>f}')",
        "print(f'{\"x\" * <size>}')",
        "x = 'a'\nfor _ in range(<small>): x = f'{x}{x}'",
        "class A:\n    def __format__(self, s): return s * <size>\nprint(f'{A():xxx}')",
        "print(f'{(lambda: f\"{open}\")()}')",
        "print(f'{[i for i in range(<size>)]!r:<<size>}')",
        "print(" + "f'{" * 40 + "1" + "}'" * 40 + ")",
    ],
    "bombs of texts": [
        "x = 'a' * 10 ** 5\nprint(len(x.replace('a', x)))",
        "print(len('<letter>'.zfill(<size>)))",
        "print(len('a'.ljust(<size>, '<letter>')), len('a'.center(<size>)))",
        "print(len('<letter>'.join('<letter>' for _ in range(<size>))))",
        "x = 'a' * 10 ** 5\nprint(len(x.join([x] * <small>)))",
        "print(len(('\\t' * <small>).expandtabs(<size>)))",
        "print(len(('a ' * <size>).split()))",
        "print(('<letter>' * <size>).translate({}))",
        "print(len(('ß' * <size>).upper().casefold()))",
        "print(len(b'a' * <size> + bytes(<size>)))",
        "print(('ab' * <size>).count('ba'), ('a' * <size>).find('b' * <small>))",
        "import base64\nprint(len(base64.b64encode(bytes(<size>))))",
        "import unicodedata\nprint(len(unicodedata.normalize('NFKD', '\\ufdfa' * <size>)))",
        "import json\nprint(len(json.dumps(['<letter>' * <small>] * <size>)))",
        "import json\njson.loads('[' * <size>)",
        "import hashlib\nprint(hashlib.pbkdf2_hmac('sha256', b'x', b'y', <size>))",
        "import csv\nprint(len(list(csv.reader([',' * <size>]))))",
    ],
    "sorting": [
        "sorted(range(<size>), key=lambda x: -x)",
        "x = list(range(10 ** 6))\nx.sort(key=lambda y: x.append(y))",
        "class A:\n    def __lt__(self, o):\n        x.append(A())\n        return True\nx = [A() for _ in range(<small>)]\nx.sort()",
        "class A:\n    def __lt__(self, o):\n        while True: pass\nsorted([A(), A()])",
        "import bisect\nx = []\nwhile True: bisect.insort(x, len(x) * -1)",
        "x = [float('nan')] * <size>\nx.sort()",
        "d = {i: i for i in range(10 ** 5)}\nfor k in d: d.pop(k)",
        "class A:\n    def __hash__(self): return 1\n    def __eq__(self, o): return False\nx = {A() for _ in range(<size>)}",
        "class A:\n    def __eq__(self, o):\n        d.clear()\n        return True\n    def __hash__(self): return 1\nd = {A(): 1}\nd[A()] = 2",
    ],
    "deep sources": [
        "<deep:(|1|)>", "<deep:[||]>", "<deep:-|1|>", "<deep:not |1|>", "<deep:lambda: |1|>", "<deep:{1: |1|}>", "<deep:f(|1|)>",
        "<deep:(yield |1|)>", "<deep:1 if |1| else 1>", "<deep:x.|y|>", "<deep:[x for x in |y|]>", "<deep:await |1|>",
        "x = <deep:1 + ||1>", "x = <deep:1 ** |1|>", "<deep:@|x|\n>def f(): pass", "<blocks:if 1:>", "<blocks:while 1:>",
        "<blocks:for i in range(3):>", "<blocks:def f():>", "<blocks:class A:>", "<blocks:with x:>", "<blocks:try:>",
        "<deep:f'{|1|}'>", "<deep:\"|1|\">", "<deep:#|x|\n>", "<deep:\\\\|\n|>", "<deep:;||>", "<deep:x = ||1>", "<deep:*|x|>",
        "match x:\n    case <deep:[|_|]>: pass", "def f(<deep:a=(|1|),>): pass", "x: <deep:a[|b|]> = 1",
        "try: pass\n<deep:except A: pass\n||>", "if 1: pass\n<deep:elif 1: pass\n||>",
    ],
    "characters": [
        "print('<letter>')", "<letter>", "x<letter> = 1", "print(1)\x00print(2)", "\ufeffprint(1)", "print('\ud800')",
        "# -*- coding: utf-7 -*-\n+AHAAcgBpAG4AdA-(1)", "ｐｒｉｎｔ(1)", "ｏｐｅｎ('<file>')", "print(1)\r\rprint(2)\r\n", "print(1)\x0c\x0bprint(2)",
        "'''\\\n<letter>\n'''", "print('\\N{LATIN SMALL LETTER A}\\N{nothing}')", "print('\\x', '\\u12')", "\tif 1:\n        x\n\ty",
        "x = '\u2028\u2029'\nprint(x)", "\u202eprint(1)\u202c", "print(chr(<size>))", "print('<letter>'.encode('idna'))",
        "print(b'\\xff' * 3, bytes([255]).decode())", "print(int('١٢'), int('１２'))", "é́ = 1\nprint(é́)", "print(ord('<letter>'))",
    ],
    "pickles and texts that run": [
        "import pickle\npickle.loads(b\"cos\\nsystem\\n(S'cat <file>'\\ntR.\")",
        "import marshal\nmarshal.loads(b'\\xe3' * <small>)",
        "exec('while True: pass')",
        "eval('(' * <size>)",
        "eval('+'.join(['1'] * <size>))",
        "x = 'exec(x)'\nexec(x)",
        "x = 'print(1)'\nfor _ in range(<small>): x = 'exec(' + repr(x) + ')'\nexec(x)",
        "eval('__import__(\"os\").system(\"cat <file>\")', {'__builtins__': {}})",
        "exec('def f(): return f()\\nf()')",
        "while True: exec('x = ' + '1,' * <small>)",
        "compile('print(1)', '<letter>', 'exec')",
        "exec(b'\\xff\\xfe')",
        "ns = {}\nexec('import os', ns)\nprint(ns['os'].environ)",
        "eval('open', {'open': eval})('open(\"<file>\").read()')",
        "import typing\nclass A:\n    x: 'open(\"<file>\").read()' = 1\nprint(typing.get_type_hints(A))",
    ],
    "slices": [
        "x = list(range(10 ** 5))\nwhile True: x[::2] = x[::2]\nx[0:0] = x",
        "x = [1] * 10 ** 5\nwhile True: x[1:1] = x",
        "print(len(range(<size>)[::<small>]))",
        "print('a' * 10 ** 5 + 'b'[-<size>:<size>:-1])",
        "x = 'a' * 10 ** 6\ny = [x[i:] for i in range(<size>)]",
        "x = bytes(10 ** 6)\nwhile True: x += x[::-1]",
        "x = [1]\nx[<size>] = 2",
        "del [1][<size>:]",
        "from collections import deque\nx = deque(range(10 ** 5))\nx.rotate(<size>)",
        "slice(<size>, -<size>, <size>).indices(<size>)",
    ],
    "comprehensions": [
        "x = [i for i in range(<size>)]",
        "x = {i: [i] * <small> for i in range(<size>)}",
        "x = [[j for j in range(i)] for i in range(<size>)]",
        "x = [a for a in [1] " + "for a in [a, a] " * 30 + "]",
        "x = [0 " + "for _ in range(99) " * 8 + "]",
        "x = [(lambda: i) for i in range(<size>)]",
        "import itertools\nx = list(itertools.product(range(<small>), repeat=<small>))",
        "import itertools\nx = list(itertools.permutations(range(<small>)))",
        "import itertools\nx = list(itertools.combinations(range(<size>), <small>))",
        "import itertools\nx = list(itertools.repeat(1))",
        "import itertools\nx = list(itertools.chain.from_iterable(itertools.repeat([1] * <small>)))",
        "import itertools\na, *b = itertools.cycle([1])",
        "import itertools\nx = list(zip(itertools.count(), itertools.count()))",
        "import itertools\nf(*itertools.count())",
        "from functools import reduce\nreduce(lambda a, b: a + a, range(<size>), [1])",
    ],
    "the library": [
        "import random\nrandom.getrandbits(<size>)",
        "import random\nrandom.choices(range(<small>), k=<size>)",
        "import random\nx = list(range(10 ** 6))\nwhile True: random.shuffle(x)",
        "import random\nrandom.sample(range(<size>), <size>)",
        "from datetime import date, timedelta\nd = date(1, 1, 1)\nwhile True: d += timedelta(days=<small>)",
        "from datetime import timedelta\nprint(timedelta(days=<size>) * <size>)",
        "from collections import Counter\nCounter({'a': <size>}).most_common()\nlist(Counter({'a': <size>}).elements())",
        "from dataclasses import dataclass\n@dataclass(order=True)\nclass A:\n    x: object\na = A(1)\na.x = a\nprint(a, a == a)",
        "from functools import lru_cache\n@lru_cache(None)\ndef f(n): return f(n - 1) + [n] if n else []\nf(<small>)",
        "import math\nprint(math.dist([0.0] * <size>, [1.0] * <size>))",
        "import tomllib\ntomllib.loads('a=' + '[' * <size>)",
        "import tomllib\ntomllib.loads('a.' * <size> + 'b=1')",
        "x = []\nx.append(x)\nimport json\njson.dumps(x)",
        "import copy\nx = []\nx.append(x)\nprint(copy.deepcopy(x))",
        "import asyncio\nasync def f(): await asyncio.gather(*[f() for _ in range(<small>)])\nasyncio.run(f())",
        "import re, json, csv, sys\nfor m in (re, json, csv, sys): m.x = 1",
        "class A:\n    def __enter__(s): return s\n    def __exit__(s, *a): return True\nwith A():\n    while True: pass",
        "class A:\n    def __bool__(s): return 3\n    def __len__(s): return -<size>\n    def __index__(s): return <size>\nif A(): [1][A()]",
    ],
}  # fmt: skip
WRAPPINGS = (
    "{}",
    "{}",
    "def main():\n{indented}\nmain()",
    "try:\n{indented}\nexcept BaseException as error:\n    print(type(error))",
    "for _ in range(3):\n    try:\n{twice}\n    except Exception: pass",
    "print('begin')\n{}",
    "exec({text!r})",
    "def call(f): return f()\ndef main():\n{indented}\ncall(main)",
)
DRAWN = re.compile(r"<(size|small|letter|file|variable|port|deep:(.*?)\|(.*?)\|(.*?)|blocks:(.*?))>", re.DOTALL)


@dataclass(frozen=True)
class Bait:
    """What a program that gets out would find."""

    file: str = "/etc/passwd"
    variable: str = "HOME"
    port: int = 9


def hostile_programs(count: int, bait: Bait) -> Iterator[tuple[str, str]]:
    """`count` pairs of family and program, of all families alike."""
    chance = random.Random(11)
    names = list(FAMILIES)
    for number in range(count):
        family = names[number % len(names)]
        templates = FAMILIES[family]
        template = templates[number // len(names) % len(templates)]
        drawn = DRAWN.sub(lambda found: _drawn(found, chance, bait), template)
        wrapping = chance.choice(WRAPPINGS) if family not in ("deep sources", "characters") else "{}"
        lines = drawn.split("\n")
        indented, twice = ("\n".join(" " * width + line for line in lines) for width in (4, 8))
        yield family, wrapping.format(drawn, indented=indented, twice=twice, text=drawn)


def _drawn(found: re.Match[str], chance: random.Random, bait: Bait) -> str:
    """What stands in place of `<...>`."""
    name = found[1].split(":")[0]
    if name == "deep":
        depth = chance.choice((10, 99, 199, 201, 1000, 5000))
        return found[2] * depth + found[3] + found[4] * depth
    if name == "blocks":
        depth = chance.choice((5, 19, 99, 150))
        return "\n".join(" " * i + found[5] for i in range(depth)) + "\n" + " " * depth + "pass"
    choices = {"size": SIZES, "small": SMALL, "letter": LETTERS}
    return str(chance.choice(choices[name])) if name in choices else str(getattr(bait, name))
