"""The real command: where it listens, what it refuses, and how it ends."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from house import Browser, ask, fill, review_of

from conftest import encode, scene
from lookalike.cli.review import _tell
from lookalike.errors import UsageError
from lookalike.showing.previews import Previews
from lookalike.web.guard import origin_of
from lookalike.web.serving import serve


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "lookalike", "review", *map(str, arguments), "--no-browser"]


@contextmanager
def reviewing(album: Path, *arguments: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Run the command until the block ends; yield it and the address that it printed."""
    with subprocess.Popen(
        command(album, "--quiet", "--workers", "1", *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def ended(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    """Return how it ended, and what it said to the end."""
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@pytest.mark.parametrize("how", [signal.SIGINT, None])
def test_it_ends_well_and_goes_on_later(tmp_path: Path, how: signal.Signals | None) -> None:
    with reviewing(fill(tmp_path / "photos", (1,))) as (process, address):
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{43}", address)
        with closing(Browser(address)) as browser:
            browser.go("./")
            browser.go("groups/0")
            browser.press("/accept")
            if how is None:
                browser.press("quit")
            else:
                process.send_signal(how)
        assert ended(process) == (0, "", "")


def test_what_could_not_be_seen_is_told_to_the_end(tmp_path: Path) -> None:
    with reviewing(fill(tmp_path / "photos", (1,)), str(tmp_path / "nowhere")) as (process, address):
        with closing(Browser(address)) as browser:
            assert "nowhere" in browser.go("./").text
        process.send_signal(signal.SIGINT)
        code, _, said = ended(process)
    assert code == 3
    assert "incomplete: " in said


def test_who_does_not_read_what_comes_is_not_waited_for(tmp_path: Path) -> None:
    """Nor is anything said of it: the server knows only that somebody still has a connection."""
    with reviewing(fill(tmp_path / "photos", (1, 2, 3))) as (process, address):
        with closing(Browser(address)) as browser:
            browser.go("./")
            known = "; ".join(f"{one.name}={one.value}" for one in browser.client.cookies.jar)
        place = urlsplit(address)
        request = f"GET /groups/0 HTTP/1.1\r\nHost: {place.netloc}\r\nCookie: {known}\r\n\r\n".encode()
        with socket.socket() as deaf, socket.socket() as silent:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            for one in (deaf, silent):
                one.connect((str(place.hostname), int(str(place.port))))
            deaf.setblocking(False)
            refused = 0
            while refused < 20:  # it takes no more, since it gets nothing rid
                try:
                    deaf.send(request * 200)
                    refused = 0
                except BlockingIOError:
                    refused += 1
                    time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            assert ended(process) == (0, "", "")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_what_is_under_way_is_finished_first(tmp_path: Path, how: signal.Signals) -> None:
    """As long as it takes: all of its files go, or none."""
    album = tmp_path / "photos"
    album.mkdir()
    for at in range(20):
        (album / f"{at}.png").write_bytes(encode(scene(1, 96, 72), "PNG"))
    with reviewing(album) as (process, address), closing(Browser(address)) as browser:
        browser.go("./")
        browser.go("groups/0")
        browser.press("/accept")
        browser.go("../plan")
        browser.press("plan")
        browser.wait()
        browser.press("apply", most="yes")
        process.send_signal(how)
        assert ended(process)[0] == 0
    assert len(list(album.glob("*.png"))) == 1
    state = subprocess.run(
        [sys.executable, "-m", "lookalike", "undo"],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert state.returncode == 0, state.stderr
    assert len(list(album.glob("*.png"))) == 20


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--behind", "http://[hub", "nowhere"], "--behind takes the address of the proxy"),  # before the search
        (["--host", "0.0.0.0", "nowhere"], "add --container"),
        (["--action", "delete"], "a review removes nothing for good"),
        (["--port", "{taken}"], "leave --port away"),
    ],
)
def test_what_is_refused_before_anything_is_shown(tmp_path: Path, arguments: list[str], words: str) -> None:
    album = fill(tmp_path / "photos", (1,))
    with socket.create_server(("127.0.0.1", 0)) as other:
        given = [one.format(taken=other.getsockname()[1]) for one in arguments]
        done = subprocess.run(
            command(album, *given), capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL
        )
    assert done.returncode == 2
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_what_is_about_a_search_means_nothing_for_findings(tmp_path: Path) -> None:
    album, findings = fill(tmp_path / "photos", (1,)), tmp_path / "findings.json"
    find = [sys.executable, "-m", "lookalike", "find", str(album), "--output", str(findings), "--quiet"]
    subprocess.run(find, check=True, timeout=60)
    done = subprocess.run(
        command(findings, "--tier", "similar"), capture_output=True, text=True, check=False, timeout=60,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 2
    assert "--tier is about a search" in done.stderr


@pytest.mark.parametrize(
    "behind",
    [
        "", "hub", "hub.example/x", "ftp://hub.example/", "http:///x", "http://", "//hub.example/", "http://[hub/", "http://hub:x/",
        "http://hub:99999/", "http://ann@hub.example/", "http://ann:pw@hub.example/", "http://hub.example/?a=b", "http://hub.example/#x",
        "javascript:alert(1)",
    ],
)  # fmt: skip
def test_addresses_of_no_proxy(behind: str) -> None:
    with pytest.raises(UsageError, match="--behind takes the address of the proxy"):
        origin_of(behind)


def test_origins_as_browsers_write_them() -> None:
    given = "http://A.example/x/", "https://a:443", "http://a:443/", "http://[::1]:80/", "http://[::1]:81"
    written = ["http://a.example", "https://a", "http://a:443", "http://[::1]", "http://[::1]:81"]
    assert [origin_of(one) for one in given] == written


@pytest.mark.parametrize("port", [-1, 65536, 70000, 1 << 40])
def test_ports_that_are_none(tmp_path: Path, port: int) -> None:
    review = review_of(fill(tmp_path / "photos", (1,)), tmp_path / "ledger.sqlite")
    with pytest.raises(UsageError, match=r"a port is a number of 0\.\.65535"):
        serve(review, Previews(None), port=port, ready=lambda *_: pytest.fail("it listens"))


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.1", "example.com", "", "::"])
def test_only_a_container_listens_to_the_outside(tmp_path: Path, host: str) -> None:
    review = review_of(fill(tmp_path / "photos", (1,)), tmp_path / "ledger.sqlite")
    with pytest.raises(UsageError, match="add --container"):
        serve(review, Previews(None), host=host, ready=lambda *_: pytest.fail("it listens"))


def test_within_a_container_names_of_this_machine_are_still_asked_for(tmp_path: Path) -> None:
    with reviewing(fill(tmp_path / "photos", (1,)), "--host", "0.0.0.0", "--container") as (process, address):
        port, token = int(address.split(":")[2].split("/")[0]), address.partition("token=")[2]
        assert address.startswith("http://127.0.0.1:")
        assert ask(port, "GET", f"/?token={token}", [("Host", "localhost:9999")]).code == 200
        assert ask(port, "GET", f"/?token={token}", [("Host", f"172.17.0.2:{port}")]).code == 403
        process.send_signal(signal.SIGINT)
        assert ended(process)[0] == 0


def test_the_address_behind_a_proxy_and_what_is_told(tmp_path: Path) -> None:
    album = fill(tmp_path / "photos", (1,))
    with subprocess.Popen(
        command(album, "--behind", "https://hub.example/user/ann/proxy/8765"), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        process.send_signal(signal.SIGINT)
        code, out, err = ended(process)
    assert re.search(r"browser: https://hub\.example/user/ann/proxy/8765/\?token=[\w-]{43}$", lines[0].strip())
    assert "ssh -L" in lines[1]
    assert "Ctrl-C" in lines[2]
    assert (code, out, err) == (0, "1 group open, 0 chosen, 0 removed.\n", "")


def test_who_has_no_name_gets_the_address_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_123)  # as in a container that runs under a number
    _tell("http://127.0.0.1:8765/?token=x", 8765, quiet=False, opened=False)
    assert f"ssh -L 8765:127.0.0.1:8765 {socket.gethostname()}\n" in capsys.readouterr().out


def test_a_connection_that_says_nothing_does_not_keep_it(tmp_path: Path) -> None:
    with reviewing(fill(tmp_path / "photos", (1,))) as (process, address):
        port = int(address.split(":")[2].split("/")[0])
        with (
            socket.create_connection(("127.0.0.1", port), timeout=10) as _,
            socket.create_connection(("127.0.0.1", port)) as half,
        ):
            half.sendall(b"GET / HTTP/1.1\r\n")
            begun = time.monotonic()
            process.send_signal(signal.SIGINT)
            assert ended(process)[0] == 0
            assert time.monotonic() - begun < 20


def test_the_log_does_not_tell_the_token(tmp_path: Path) -> None:
    with reviewing(fill(tmp_path / "photos", (1,))) as (process, address):
        port = int(address.split(":")[2].split("/")[0])
        for request in (
            b"nonsense\r\n\r\n",
            f"GET {address[address.index('/?') :]} HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
        ):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                connection.sendall(request)
                connection.recv(1000)
        process.send_signal(signal.SIGINT)
        code, out, err = ended(process)
    assert (code, out) == (0, "")
    assert address.partition("token=")[2] not in err
    assert "Traceback" not in err
