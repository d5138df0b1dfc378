"""The texts of a field's values by code, and codes by text, in a tenth of the memory of a list and a dict.

A year has more stories than a process should hold Python strings of: 640,000 took 130 MB, in each process that reads
or writes.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

_RECENT = 4096  # names that a dict finds before they are sorted in among the others
_Sorted = tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]


class Names:
    """Only grows, code by code; code 0 is the empty name. One thread appends while others read."""

    def __init__(self) -> None:
        self._texts, self._ends = bytearray(), array("Q", [0])
        self._sorted: _Sorted = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int32)
        self._recent: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, code: int) -> str:
        if not 0 <= code < len(self._ends):
            raise IndexError(code)
        return self._texts[self._ends[code - 1] : self._ends[code]].decode() if code else ""

    def __iter__(self) -> Iterator[str]:
        return map(self.__getitem__, range(len(self)))

    def append(self, name: str) -> None:
        code = len(self)
        self._texts += name.encode()
        self._ends.append(len(self._texts))  # last: whoever counts codes finds their texts
        self._recent[name] = code
        if len(self._recent) >= max(_RECENT, len(self) // 8):
            self._sort_in()

    def code(self, name: str) -> int | None:
        """The code of a name that was given out."""
        recent, (hashes, codes) = self._recent, self._sorted  # in this order: what is sorted in leaves the dict later
        if (code := recent.get(name)) is not None:
            return code
        wanted = hash(name)
        place = int(np.searchsorted(hashes, wanted))
        while place < len(hashes) and hashes[place] == wanted:
            if self[int(codes[place])] == name:
                return int(codes[place])
            place += 1
        return None

    def _sort_in(self) -> None:
        more = np.fromiter(map(hash, self._recent), dtype=np.int64, count=len(self._recent))
        hashes = np.concatenate([self._sorted[0], more])
        codes = np.concatenate([self._sorted[1], np.fromiter(self._recent.values(), np.int32, len(more))])
        order = np.argsort(hashes, kind="stable")
        self._sorted = hashes[order], codes[order]
        self._recent = {}
