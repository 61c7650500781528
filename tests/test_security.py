"""JupyterLab, as the README starts it, listens on this machine alone and asks for its token."""

import ipaddress
import json
import os
import re
import shutil
import signal
import subprocess
import urllib.error
import urllib.request

import psutil
import pytest

from tests.lab import wait_for
from tools.course import ROOT

OPENINGS = [  # what would let in others, or anybody
    r"\btoken\s*=\s*(''|\"\"|[ \t]*$|None)",
    r"\bpassword\s*=\s*(''|\"\"|[ \t]*$)",
    r"--ip\b|ServerApp\.ip\b|NotebookApp\.ip\b",
    r"\b0\.0\.0\.0\b|\[::\]",
    r"disable_check_xsrf|allow_unauthenticated_access|allow_remote_access|allow_origin",
    r"verify\s*=\s*False|CERT_NONE|trust_remote_code|weights_only\s*=\s*False|pickle\.load",
]
pytestmark = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs the repository")
MAY_NAME_THEM = {"tests/test_security.py"}


def tracked():
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, encoding="utf-8"
    )
    return [name for name in listing.stdout.split("\0") if name and name not in MAY_NAME_THEM]


def test_nothing_in_the_project_opens_a_door():
    names = tracked()
    assert "Makefile" in names and len(names) > 50
    for name in names:
        text = (ROOT / name).read_bytes().decode("utf-8", errors="replace")
        for opening in OPENINGS:
            found = re.search(opening, text, re.M)
            assert not found, f"{name}: {found.group(0)!r}"


@pytest.fixture
def lab(tmp_path):
    """`make lab`, with folders of its own, and without opening a browser; its record of itself."""
    if not shutil.which("make") or os.name != "posix":
        pytest.skip("needs make")
    folders = {name: tmp_path / name for name in ("CONFIG", "DATA", "RUNTIME")}
    for folder in folders.values():
        folder.mkdir()
    settings = {"ServerApp": {"open_browser": False}}
    (folders["CONFIG"] / "jupyter_server_config.json").write_text(json.dumps(settings), "utf-8")
    environment = os.environ | {f"JUPYTER_{name}_DIR": str(path) for name, path in folders.items()}
    with (tmp_path / "lab.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            ["make", "lab"], cwd=ROOT, env=environment, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
        try:
            (record,) = wait_for(lambda: list(folders["RUNTIME"].glob("jpserver-*.json")), 300)
            yield wait_for(lambda: json.loads(record.read_text("utf-8") or "null"), 60)
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(120)


def status(address):
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_make_lab_listens_on_loopback_and_asks_for_its_token(lab):
    listening = [
        connection.laddr.ip
        for connection in psutil.Process(lab["pid"]).net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == lab["port"]
    ]
    assert listening and all(ipaddress.ip_address(ip).is_loopback for ip in listening)
    assert len(lab["token"]) >= 32 and not lab["password"]
    contents = f"http://127.0.0.1:{lab['port']}/api/contents"
    wait_for(lambda: status(f"{contents}?token={lab['token']}") == 200, 120)
    assert status(contents) == 403
    assert status(f"{contents}?token={'0' * 48}") == 403
    assert status(f"http://127.0.0.1:{lab['port']}/api/kernels") == 403
    with urllib.request.urlopen(f"http://127.0.0.1:{lab['port']}/?token={lab['token']}") as page:
        assert "/lab/tree/notebooks/01_" in page.url  # what opens is the first notebook,
        assert '"news": {"disabled": true}' in page.read().decode()  # and it asks nothing


def test_no_config_of_jupyter_lies_in_the_project():
    assert [name for name in tracked() if re.search(r"jupyter_\w*config", name)] == []
