"""A stand-in for GitHub's API on loopback, which a real gh asks: pull requests and their checks, in memory.

gh takes ``github.localhost`` for a GitHub whose API speaks plain HTTP, and this server is its proxy.
"""

from __future__ import annotations

import contextlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "github.localhost"
REPOSITORY = {
    "id": "R_1",
    "name": "tidepool",
    "owner": {"login": "acme"},
    "defaultBranchRef": {"name": "main"},
    "viewerPermission": "WRITE",
    "hasIssuesEnabled": True,
    "hasWikiEnabled": True,
    "parent": None,
}


@dataclass
class GithubApi:
    """The API, with its pull requests, the newest first; ``refused``: operations that it answers with an error."""

    requests: list[dict[str, Any]] = field(default_factory=list)
    operations: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)

    @contextlib.contextmanager
    def running(self) -> Iterator[GithubApi]:
        """Run it."""
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer = json.dumps(api.answer(self.path.partition(f"//api.{HOST}")[2], body)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_PATCH = do_POST  # noqa: N815 - the name that http.server calls

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        try:
            yield self
        finally:
            self.server.shutdown()
            self.server.server_close()

    @property
    def environ(self) -> dict[str, str]:
        """The variables with which gh asks it, logged in."""
        proxy = f"http://127.0.0.1:{self.server.server_port}"
        return {"GH_HOST": HOST, "GH_TOKEN": "secret", "HTTP_PROXY": proxy, "http_proxy": proxy}

    def answer(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to a request."""
        if path != "/graphql":
            self.operations.append(path)
            (request,) = [request for request in self.requests if path.endswith(f"/pulls/{request['number']}")]
            request.update(body)
            return request
        query, variables = body["query"], body.get("variables", {})
        operation = next(name for name in OPERATIONS if name in query)
        self.operations.append(operation)
        if operation in self.refused:
            return {"data": None, "errors": [{"message": self.refused[operation]}]}
        return {"data": getattr(self, OPERATIONS[operation])(variables)}

    def _list(self, variables: dict[str, Any]) -> dict[str, Any]:
        nodes = [request for request in self.requests if request["headRefName"] == variables["headBranch"]]
        nodes = nodes[: variables["limit"]]
        pages = {"totalCount": len(nodes), "nodes": nodes, "pageInfo": {"hasNextPage": False, "endCursor": None}}
        return {"repository": {"pullRequests": pages}}

    def _info(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"repository": REPOSITORY}

    def _of_branch(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"repository": {"pullRequests": {"nodes": []}, "defaultBranchRef": {"name": "main"}}}

    def _create(self, variables: dict[str, Any]) -> dict[str, Any]:
        values = variables["input"]
        texts = {key: values[key] for key in ("title", "body", "headRefName", "baseRefName")}
        return {"createPullRequest": {"pullRequest": self.add(**texts)}}

    def add(self, **values: object) -> dict[str, Any]:
        """Add a pull request, and return it."""
        number = len(self.requests) + 7
        request: dict[str, Any] = {
            "id": f"PR_{number}",
            "number": number,
            "url": f"https://github.com/acme/tidepool/pull/{number}",
            "state": "OPEN",
            "isCrossRepository": False,
            "mergeCommit": None,
            "baseRefName": "main",
            **values,
        }
        self.requests.insert(0, request)
        self.check(request)
        return request

    def check(self, request: dict[str, Any], **conclusions: str) -> None:
        """Give a request the checks with these conclusions."""
        contexts = [
            {"__typename": "CheckRun", "name": name, "status": "COMPLETED", "conclusion": conclusion}
            for name, conclusion in conclusions.items()
        ]
        rollup = {"contexts": {"nodes": contexts, "pageInfo": {"hasNextPage": False, "endCursor": None}}}
        request["statusCheckRollup"] = {"nodes": [{"commit": {"statusCheckRollup": rollup}}]}


OPERATIONS = {
    "query PullRequestList": "_list",
    "query RepositoryInfo": "_info",
    "query PullRequestForBranch": "_of_branch",
    "mutation PullRequestCreate": "_create",
}
"""The queries of gh, and what answers them."""
