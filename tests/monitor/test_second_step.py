"""The secrets of the second step lie encrypted, each for its own account; older ones are encrypted by night."""

from __future__ import annotations

import pyotp
import pytest
from sqlalchemy import select, update

from monitor.people.people import People
from monitor.people.roles import Role
from monitor.people.second_step import SecondStep, is_closed
from monitor.people.tables import users
from tests.monitor.conftest import Open

pytestmark = pytest.mark.postgresql


def test_no_secret_can_be_read_in_the_archive(open_installation: Open) -> None:
    installation = open_installation()
    engine, people = installation.engine, People(installation.engine)
    for name in ("lan", "minh", "cu"):
        people.add(name, Role.officer, by="test")
    lan, minh, old = (people.get(name).id for name in ("lan", "minh", "cu"))
    steps = SecondStep(engine, b"key")
    secrets = {id: pyotp.parse_uri(steps.prepare(id)).secret for id in (lan, minh)}
    secrets[old] = pyotp.random_base32()
    people.set(old, totp_secret=secrets[old])
    assert steps.turn_on(old, pyotp.TOTP(secrets[old]).now())
    steps.close_all()
    with engine.connect() as connection:
        kept = {row.id: row.totp_secret for row in connection.execute(select(users.c.id, users.c.totp_secret))}
    assert all(is_closed(each) and secrets[id] not in each for id, each in kept.items())
    assert pyotp.parse_uri(steps.address(old)).secret == secrets[old]
    other = SecondStep(engine, b"another installation's")
    assert not other.turn_on(lan, pyotp.TOTP(secrets[lan]).now())
    with engine.begin() as connection:
        connection.execute(update(users).where(users.c.id == minh).values(totp_secret=kept[lan]))
    assert not steps.turn_on(minh, pyotp.TOTP(secrets[lan]).now()), "what is kept of one opens nothing for another"
    assert steps.turn_on(lan, pyotp.TOTP(secrets[lan]).now())
