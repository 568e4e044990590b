"""In every interleaving, with deaths at any step, each file is applied once; a broken protocol is found out."""

from __future__ import annotations

import pytest

from tests.unit.protocol import Broken, File, Kind, Model, Violation, explore

LIGHT = File("light", (Kind.PLAIN,))
TOGETHER = File("together", (Kind.PLAIN, Kind.PLAIN))
REFUSED = File("together", (Kind.PLAIN, Kind.REFUSED))
COUNTED = File("alone", (Kind.PLAIN, Kind.PLAIN))
INDEX = File("alone", (Kind.PLAIN, Kind.INDEX))
PROCEDURE = File("alone", (Kind.PLAIN, Kind.PROCEDURE))

FOLDERS = {
    "light files": (LIGHT, LIGHT),
    "a transactional file": (TOGETHER,),
    "two transactional files": (TOGETHER, TOGETHER),
    "a refused file": (LIGHT, REFUSED),
    "a light and a transactional file": (LIGHT, TOGETHER),
    "counted statements": (COUNTED,),
    "an index": (INDEX,),
    "a procedure": (PROCEDURE,),
    "both kinds": (TOGETHER, File("alone", (Kind.INDEX,))),
}


@pytest.mark.parametrize(("runners", "deaths"), [(2, 2), (3, 1)], ids=str)
@pytest.mark.parametrize("folder", FOLDERS)
def test_every_interleaving_applies_each_file_once(folder: str, runners: int, deaths: int) -> None:
    assert explore(Model(FOLDERS[folder]), runners=runners, deaths=deaths) > 10


@pytest.mark.parametrize("broken", [broken for broken in Broken if broken is not Broken.NOTHING], ids=str)
def test_a_protocol_that_is_broken_is_found_out(broken: Broken) -> None:
    assert any(breaks(Model(folder, broken)) for folder in FOLDERS.values())


def breaks(model: Model) -> bool:
    try:
        explore(model, runners=2, deaths=1)
    except Violation:
        return True
    return False
