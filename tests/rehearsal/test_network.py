"""Real twine, pip and uv find their way to the index of a rehearsal, and nowhere else."""

from __future__ import annotations

import base64
import http.client
import socket
import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import requests
from twine.utils import DEFAULT_REPOSITORY, TEST_REPOSITORY
from urllib3.filepost import encode_multipart_formdata

import sample_dists
from errors_raised import raises_error
from index_client import IDENTITY, PUBLISHER
from index_faults import InjectedFaults, index_with
from sample_project import SampleProject, lines
from seatrial.distributions.distribution import Distribution
from seatrial.errors import UploadFailed
from seatrial.index.client import read_project_files
from seatrial.index.twine import twine_upload
from seatrial.rehearsal.network import LocalNetwork, open_network

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from seatrial.ci.publisher import Publisher
    from seatrial.rehearsal.oidc import CiIdentity


pytestmark = pytest.mark.slow

HOST, TEST_HOST = (url.split("/")[2] for url in (DEFAULT_REPOSITORY, TEST_REPOSITORY))
SDIST, WHEEL = sample_dists.sdist(), sample_dists.wheel()


@pytest.fixture
def network(tmp_path: Path) -> Iterator[LocalNetwork]:
    with open_network(tmp_path / "index", PUBLISHER, "tidepool") as made:
        yield made


def written(folder: Path, *dists: sample_dists.SampleDist) -> list[Path]:
    folder.mkdir(exist_ok=True)
    for dist in dists:
        (folder / dist.name).write_bytes(dist.data())
    return [folder / dist.name for dist in dists]


def upload(
    network: LocalNetwork, project: SampleProject, *dists: sample_dists.SampleDist, identity: CiIdentity = IDENTITY
) -> str:
    return twine_upload(written(project.root / "dist", *dists), network.environment(project.environ, identity))


def refused(
    network: LocalNetwork, project: SampleProject, *dists: sample_dists.SampleDist, identity: CiIdentity = IDENTITY
) -> UploadFailed:
    with pytest.raises(UploadFailed) as caught:
        upload(network, project, *dists, identity=identity)
    return caught.value


def credentials(token: str) -> str:
    """Return the line of a request that says who uploads."""
    return f"Authorization: Basic {base64.b64encode(f'__token__:{token}'.encode()).decode()}\r\n"


def message_of(error: UploadFailed) -> str:
    """Return the message in one line: twine indents by what it logs."""
    return " ".join(error.what.split())


def held(network: LocalNetwork) -> list[str]:
    return [entry.index_file.name for entry in network.index.store.files("tidepool")]


@pytest.mark.selection
def test_twine_uploads_as_a_trusted_publisher_and_the_same_again(network: LocalNetwork, project: SampleProject) -> None:
    expected = lines(
        f"""
        Uploading distributions to {DEFAULT_REPOSITORY}
        Uploading {WHEEL.name}
        Uploading {SDIST.name}
        """
    )
    for _ in range(2):
        printed = upload(network, project, SDIST, WHEEL).partition("\n\nView at:")[0]
        # What it logs of the token goes to standard error, and only that of version 7.
        assert "".join(f"{line}\n" for line in printed.splitlines() if line.startswith("Upload")) == expected
    # Wheels first, whatever the order of the arguments of twine.
    assert held(network) == [WHEEL.name, SDIST.name]
    version = Distribution.from_path(project.root / "dist" / SDIST.name).version
    served = {file.name: file.sha256 for file in read_project_files(network.simple_url, "tidepool").of_release(version)}
    assert served == {dist.name: dist.distribution().sha256 for dist in (SDIST, WHEEL)}


@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_what_was_uploaded_can_be_installed(network: LocalNetwork, project: SampleProject, installer: str) -> None:
    upload(network, project, SDIST, WHEEL)
    # An environment that uv made has no pip.
    pip = ("uv", "pip") if installer == "uv" else ("environment/bin/python", "-m", "pip")
    assert installer == "uv" or project.run(sys.executable, "-m", "virtualenv", "-q", "environment").returncode == 0
    own = (*pip, "install", "--quiet", "--no-deps", "--no-cache-dir", "--index-url", network.simple_url)
    ran = project.run(*own, "--target", "site", "--only-binary", "tidepool", "tidepool==1.2.3")
    assert (ran.returncode, (project.root / "site/tidepool/__init__.py").read_text()) == (0, sample_dists.MODULE), (
        ran.output
    )


def test_uv_publishes_too(network: LocalNetwork, project: SampleProject) -> None:
    paths = [str(path) for path in written(project.root / "dist", SDIST, WHEEL)]
    # The token is asked for over plain HTTP, which the proxy does not lead on.
    environment = {**network.environment(project.environ, IDENTITY), "NO_PROXY": "127.0.0.1"}
    where = ("--publish-url", DEFAULT_REPOSITORY, "--trusted-publishing", "always")
    ran = SampleProject(project.root, environment).run("uv", "publish", *where, *paths)
    assert ran.returncode == 0, ran.output
    assert sorted(held(network)) == [WHEEL.name, SDIST.name]


@pytest.mark.parametrize(
    "publisher",
    [replace(PUBLISHER, owner="ecma"), replace(PUBLISHER, workflow="publish.yml"), replace(PUBLISHER, environment="")],
    ids=["owner", "workflow", "environment"],
)
def test_job_of_another_publisher_gets_the_words_of_pypi(
    network: LocalNetwork, project: SampleProject, publisher: Publisher
) -> None:
    assert message_of(refused(network, project, WHEEL, identity=replace(IDENTITY, publisher=publisher))) == (
        "twine upload failed: ERROR TrustedPublishingFailure: The token request failed; the index server gave the "
        "following reasons: * `invalid-publisher`: valid token, but no corresponding publisher "
        "(Publisher with matching claims was not found)"
    )
    assert held(network) == []


def test_file_that_the_index_refuses_ends_in_its_words(network: LocalNetwork, project: SampleProject) -> None:
    error = refused(network, project, WHEEL.named("tidepool-1.2.3-py3-none-linux_x86_64.whl"))
    failed = f"twine upload failed: ERROR HTTPError: 400 Bad Request from {DEFAULT_REPOSITORY}"
    message = "Binary wheel 'tidepool-1.2.3-py3-none-linux_x86_64.whl' has an unsupported platform tag 'linux_x86_64'."
    assert message_of(error) == f"{failed} {message}"
    assert held(network) == []


@pytest.mark.parametrize(
    ("faults", "message", "fix"),
    [
        (
            InjectedFaults(token_lifetime=0),
            "403 Forbidden from {} Invalid API Token: token is expired",
            "upload less at once, or start the upload again: a token is good for 15 minutes",
        ),
        (
            InjectedFaults(errors=99),
            "500 Internal Server Error from {} Internal Server Error",
            "the index has a fault of its own: try again later; what it has taken does no harm",
        ),
    ],
    ids=["expired", "errors"],
)
def test_fault_of_the_index_is_reported(
    tmp_path: Path, project: SampleProject, faults: InjectedFaults, message: str, fix: str
) -> None:
    with open_network(tmp_path / "index", PUBLISHER, "tidepool", make_index=index_with(faults)) as network:
        error = refused(network, project, SDIST, WHEEL)
        assert message_of(error) == f"twine upload failed: ERROR HTTPError: {message.format(DEFAULT_REPOSITORY)}"
        assert error.fix == fix
        assert held(network) == []


def test_line_that_is_cut_after_the_first_file_leaves_the_second_out(tmp_path: Path, project: SampleProject) -> None:
    with open_network(
        tmp_path / "index", PUBLISHER, "tidepool", make_index=index_with(InjectedFaults(cut_after=1))
    ) as network:
        error = refused(network, project, SDIST, WHEEL)
        assert "Connection" in error.what
        assert "Traceback" not in error.what
        assert error.fix == "the line was cut: try again; what the index has taken does no harm"
        assert held(network) == [WHEEL.name]


def test_line_that_is_cut_takes_nothing_that_has_come_through_already(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with open_network(
        tmp_path / "index", PUBLISHER, "tidepool", make_index=index_with(InjectedFaults(cut_after=0))
    ) as network:
        token = network.index.token_exchange.exchange({"token": network.index.issuer.token(IDENTITY, "pypi")}).token
        action, content = (":action", "file_upload"), ("content", (WHEEL.name, WHEEL.data()))
        body, kind = encode_multipart_formdata((action, ("name", "tidepool"), content))
        length = f"Content-Length: {len(body)}\r\n"
        head = f"POST /{network.token}/legacy/ HTTP/1.1\r\nHost: 127.0.0.1\r\n{credentials(token)}"
        head += f"Content-Type: {kind}\r\n{length}\r\n"
        with socket.create_connection(("127.0.0.1", network.plain)) as line:
            line.sendall(head.encode() + body)
            assert line.recv(1) == b""
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
    assert held(network) == []


def test_job_without_permission_gets_no_identity(network: LocalNetwork, project: SampleProject) -> None:
    environment = network.environment(project.environ, IDENTITY)
    del environment["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]
    with pytest.raises(UploadFailed) as caught:
        twine_upload(written(project.root / "dist", WHEEL), environment)
    assert caught.value.fix == "let the publishing job ask for a token:\npermissions:\n  id-token: write"


def test_upload_that_does_not_trust_the_index_is_reported_in_one_sentence(
    network: LocalNetwork, project: SampleProject
) -> None:
    environment = network.environment(project.environ, IDENTITY)
    del environment["REQUESTS_CA_BUNDLE"]
    with pytest.raises(UploadFailed) as caught:
        twine_upload(written(project.root / "dist", WHEEL), environment)
    assert "CERTIFICATE_VERIFY_FAILED" in caught.value.what
    assert "Traceback" not in caught.value.what
    assert caught.value.fix == "have the certificate of the index trusted: REQUESTS_CA_BUNDLE"
    assert held(network) == []


def test_environment_leads_to_the_index_and_has_no_password(network: LocalNetwork) -> None:
    bundle, proxy = str(network.bundle), f"http://127.0.0.1:{network.proxy}"
    astray = ("NO_PROXY", "no_proxy", "ALL_PROXY", "https_proxy", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "NETRC")
    secret = ("TWINE_PASSWORD", "TWINE_CERT", "UV_PUBLISH_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "PYPI_ID_TOKEN")
    base = {"PATH": "/bin", "HTTPS_PROXY": "http://user:secret@proxy.invalid", **dict.fromkeys((*astray, *secret), "")}
    assert network.environment(base, IDENTITY) == {
        "PATH": "/bin",
        "GITHUB_ACTIONS": "true",
        "HTTPS_PROXY": proxy,
        "HTTP_PROXY": proxy,
        "REQUESTS_CA_BUNDLE": bundle,
        "SSL_CERT_FILE": bundle,
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": network.index.issuer.bearer,
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{network.home_url}_/identity?api-version=2.0",
    }


def test_upload_that_would_reach_another_index_is_found_out(
    network: LocalNetwork, project: SampleProject, tmp_path: Path
) -> None:
    network.require_loopback(network.environment(project.environ, IDENTITY), project.root)
    with open_network(tmp_path / "other", PUBLISHER, "tidepool") as other:
        with raises_error("LeadsElsewhere") as caught:
            network.require_loopback(other.environment(project.environ, IDENTITY), project.root)
        answer = {"rehearsal": other.index.nonce}
        assert caught.value.what.splitlines()[-1] == f"  https://{HOST}/_/rehearsal answered {answer}"


def test_upload_that_does_not_trust_the_index_is_found_out(network: LocalNetwork, project: SampleProject) -> None:
    environment = network.environment(project.environ, IDENTITY)
    del environment["REQUESTS_CA_BUNDLE"]
    with raises_error("LeadsElsewhere") as caught:
        network.require_loopback(environment, project.root)
    assert caught.value.what.splitlines()[-1].startswith(f"  https://{HOST}/_/rehearsal is out of reach: ")


def connected(network: LocalNetwork, target: str) -> bytes:
    """Return the first line that the proxy answers to CONNECT."""
    with socket.create_connection(("127.0.0.1", network.proxy)) as line:
        line.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        return line.makefile("rb").readline().rstrip()


def test_proxy_leads_to_the_upload_hosts_alone(network: LocalNetwork) -> None:
    for host in (HOST, TEST_HOST):
        assert connected(network, f"{host}:443") == b"HTTP/1.0 200 OK"
    for target in (
        f"{HOST}:80",
        HOST,
        "example.invalid:443",
        f"a.{HOST}:443",
        f"{HOST}.:443",
        "127.0.0.1:443",
        ":",
    ):
        assert connected(network, target) == f"HTTP/1.0 403 {target} is not on this machine".encode()


def test_proxy_passes_on_no_plain_request(network: LocalNetwork) -> None:
    line = http.client.HTTPConnection("127.0.0.1", network.proxy)
    try:
        line.request("GET", "http://example.invalid/")
        assert line.getresponse().status == 501
    finally:
        line.close()


def test_upload_that_is_too_large_is_refused_before_it_is_read(network: LocalNetwork) -> None:
    token = network.index.token_exchange.exchange({"token": network.index.issuer.token(IDENTITY, "pypi")}).token
    line = http.client.HTTPConnection("127.0.0.1", network.plain)
    try:
        line.putrequest("POST", f"/{network.token}/legacy/")
        line.putheader(*credentials(token).rstrip().split(": "))
        line.putheader("Content-Type", "multipart/form-data; boundary=x")
        line.putheader("Content-Length", str(1 << 40))
        line.endheaders(b"--x")
        assert line.getresponse().status == 413
    finally:
        line.close()


@pytest.mark.parametrize(
    ("host", "path", "status"),
    [
        ("127.0.0.1:{port}", "/{token}/simple/", 200),
        ("localhost", "/{token}/simple/", 200),
        ("LOCALHOST:1", "/{token}/simple/", 200),
        ("evil.example", "/{token}/simple/", 421),
        ("127.0.0.1.evil.example", "/{token}/simple/", 421),
        ("", "/{token}/simple/", 421),
        (HOST, "/{token}/simple/", 421),
        ("127.0.0.1", "/simple/", 404),
        ("127.0.0.1", "/", 404),
        ("127.0.0.1", "/{token}x/simple/", 404),
        ("127.0.0.1", "/%F0%9F/simple/", 404),
    ],
)
def test_index_is_read_under_its_token_and_by_its_own_name_alone(
    network: LocalNetwork, host: str, path: str, status: int
) -> None:
    """A page in a browser may reach the port (DNS rebinding), and so may every user of the machine."""
    line = http.client.HTTPConnection("127.0.0.1", network.plain)
    try:
        line.putrequest("GET", path.format(token=network.token), skip_host=True)
        line.putheader("Host", host.format(port=network.plain))
        line.endheaders()
        assert line.getresponse().status == status
    finally:
        line.close()


def test_upload_host_of_the_index_answers_to_no_reads(network: LocalNetwork, project: SampleProject) -> None:
    environment = network.environment(project.environ, IDENTITY)
    with requests.Session() as session:
        session.trust_env = False
        session.proxies, session.verify = {"https": environment["HTTPS_PROXY"]}, environment["REQUESTS_CA_BUNDLE"]
        answers = [
            session.get(f"https://{HOST}/{path}", timeout=20).status_code for path in ("simple/", "", "_/oidc/audience")
        ]
        other = session.get(f"https://{HOST}/_/oidc/audience", headers={"Host": "evil.example"}, timeout=20).status_code
    assert (answers, other) == ([404, 404, 200], 421)


def test_two_networks_at_once_do_not_meet(network: LocalNetwork, project: SampleProject, tmp_path: Path) -> None:
    with open_network(tmp_path / "other", PUBLISHER, "tidepool") as other:
        upload(network, project, SDIST)
        upload(other, project, WHEEL)
        assert (held(network), held(other)) == ([SDIST.name], [WHEEL.name])


def test_nothing_is_left_when_it_is_closed(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with open_network(
        tmp_path / "index", PUBLISHER, "tidepool", make_index=index_with(InjectedFaults(hangs=True))
    ) as network:
        ports, unknown = (network.plain, network.proxy), ("__token__", "x")
        with pytest.raises(requests.exceptions.ReadTimeout):
            requests.post(f"{network.home_url}legacy/", auth=unknown, timeout=0.2)
        # A client that keeps its connections open.
        idle = [socket.create_connection(("127.0.0.1", repo)) for repo in ports]
        tunnel = socket.create_connection(("127.0.0.1", network.proxy))
        tunnel.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode())
        assert tunnel.recv(9) == b"HTTP/1.0 "
    for line in (*idle, tunnel):
        line.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive()
    for repo in ports:
        with socket.socket() as line:
            assert line.connect_ex(("127.0.0.1", repo)) != 0
    assert [path.name for path in (tmp_path / "index").iterdir()] == ["authority.pem"]
