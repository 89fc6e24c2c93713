"""The folder of messages: read while it is written, every message once, and nothing ends the reader."""

import threading
from pathlib import Path
from queue import Empty

import pytest
from kombu import Connection
from kombu.exceptions import ChannelError

from povfund.broker import Transport
from povfund.celery import app
from povfund.settings import queue

MANY = 400


@pytest.fixture
def connect(tmp_path):
    options = {"data_folder_in": str(tmp_path), "data_folder_out": str(tmp_path), "control_folder": str(tmp_path / "c")}
    return lambda: Connection("files://", transport_options=options | {"polling_interval": 0.01})


def test_the_product_uses_this_folder_where_there_is_no_redis():
    assert queue.CELERY_BROKER_URL == "files://"
    assert type(app.connection_for_write(queue.CELERY_BROKER_URL).transport) is Transport


def test_a_reader_beside_two_writers_gets_every_message_once_and_whole(connect):
    def write(first):
        with connect() as connection:
            for n in range(first, first + MANY):
                connection.Producer(routing_key="work").publish({"n": n, "fill": "x" * 5000})

    writers = [threading.Thread(target=write, args=(first,)) for first in (0, MANY)]
    for writer in writers:
        writer.start()
    seen = []
    with connect() as connection, connection.SimpleQueue("work") as work:
        while len(seen) < 2 * MANY:
            message = work.get(timeout=20)
            seen.append(message.payload["n"])
            message.ack()
    for writer in writers:
        writer.join()
    assert sorted(seen) == list(range(2 * MANY))


@pytest.mark.parametrize("rubbish", [b"", b"{", b"\xff\xfe", b"null garbage"])
def test_a_message_nobody_can_read_is_thrown_away_and_the_next_one_taken(connect, tmp_path, rubbish):
    (tmp_path / "1_rubbish.work.msg").write_bytes(rubbish)
    with connect() as connection, connection.SimpleQueue("work") as work:
        connection.Producer(routing_key="work").publish({"n": 1})
        message = work.get(timeout=20)
        assert message.payload == {"n": 1}
        message.ack()
        with pytest.raises(Empty):
            work.get(block=False)
    assert not list(tmp_path.glob("*.msg"))


def test_a_message_cut_short_while_it_is_written_is_not_there(connect, tmp_path, monkeypatch):
    def stopped(path, target):
        assert not list(tmp_path.glob("*.msg"))
        raise OSError("no space left")

    monkeypatch.setattr(Path, "replace", stopped)
    with connect() as connection, pytest.raises(ChannelError):
        connection.Producer(routing_key="work").publish({"n": 1})
    assert not list(tmp_path.glob("*.msg"))
