"""Single changes to what is generated, each of which breaks a rule of security, or what the workflow means."""

from __future__ import annotations

from dataclasses import dataclass

from seatrial.checks.workflows import CHECKOUT_PIN, DOWNLOAD_ARTIFACT_PIN, PUBLISH_PIN

CI, RELEASE, DEPENDABOT = ".github/workflows/ci.yml", ".github/workflows/release.yml", ".github/dependabot.yml"


@dataclass(frozen=True)
class Mutation:
    """A change of one file: ``old`` becomes ``new`` where it occurs first; ``noticed`` by whom, but the comparison."""

    name: str
    path: str
    old: str
    new: str
    noticed: frozenset[str]

    def applied(self, files: dict[str, str]) -> dict[str, str]:
        """Return the file that it changes, changed."""
        text = files[self.path]
        assert self.old in text, self.name
        return {self.path: text.replace(self.old, self.new, 1)}


def _mutation(name: str, path: str, change: tuple[str, str], *noticed: str) -> Mutation:
    return Mutation(name, path, *change, frozenset(noticed))


PUBLISH = f"uses: {PUBLISH_PIN}"
COMMIT, VERSION = PUBLISH_PIN.partition("@")[2].split(" # ")
CHECKOUT = CHECKOUT_PIN.partition("@")[2]
GRANT = "id-token: write # trusted publishing: the token says which workflow and environment asks"

ALL = (
    _mutation("permissions-left-out", RELEASE, ("permissions: {}\n", ""), "zizmor excessive-permissions"),
    _mutation(
        "permissions-for-all", RELEASE, ("permissions: {}", "permissions: write-all"), "zizmor excessive-permissions"
    ),
    _mutation("permission-without-a-word", RELEASE, (f"{GRANT}", "id-token: write"), "zizmor undocumented-permissions"),
    _mutation(
        "checkout-next-to-the-token",
        RELEASE,
        (
            "      - name: Publish\n",
            f"      - uses: {CHECKOUT_PIN}\n        with:\n          persist-credentials: false\n      - name: Publish\n",
        ),
        "CI104",
    ),
    _mutation(
        "build-next-to-the-token",
        RELEASE,
        ("      - name: Publish\n", "      - name: Build\n        run: nox -s build check\n      - name: Publish\n"),
        "CI104",
        "CI107",
    ),
    _mutation("no-environment", RELEASE, ("    environment: pypi\n", ""), "CI103"),
    _mutation("pinned-by-a-tag", RELEASE, (CHECKOUT_PIN, "actions/checkout@v7"), "zizmor unpinned-uses"),
    _mutation("pin-without-a-version", RELEASE, (f"{COMMIT} # {VERSION}", COMMIT), "CI101"),
    _mutation("pin-with-another-version", RELEASE, (f"{COMMIT} # {VERSION}", f"{COMMIT} # v1.14.0"), "CI102"),
    _mutation("pin-of-another-commit", RELEASE, (COMMIT, "a892a5a6" * 5), "CI102"),
    _mutation(
        "credentials-left-behind",
        RELEASE,
        ("          persist-credentials: false\n", "          fetch-tags: true\n"),
        "zizmor artipacked",
    ),
    _mutation(
        "cache-of-actions",
        RELEASE,
        ("          python-version: '3.13'\n", "          python-version: '3.13'\n          cache: pip\n"),
        "zizmor cache-poisoning",
    ),
    _mutation("cache-of-uv", RELEASE, ("          enable-cache: false\n", "          python-version: 3.13\n")),
    _mutation(
        "name-of-a-tag-in-a-command",
        RELEASE,
        ('ci.notes --tag "$GITHUB_REF_NAME"', "ci.notes --tag ${{ github.ref_name }}"),
        "zizmor template-injection",
    ),
    _mutation(
        "value-of-the-matrix-in-a-command",
        CI,
        ('nox -s "$SESSION"', "nox -s ${{ matrix.session }}"),
        "zizmor template-injection",
    ),
    _mutation(
        "started-by-strangers",
        RELEASE,
        ("  push:\n", "  pull_request_target:\n  push:\n"),
        "zizmor dangerous-triggers",
        "zizmor github-env",
    ),
    _mutation(
        "started-by-hand",
        RELEASE,
        ("    name: Publish on PyPI\n    if: github.event_name == 'push'\n", "    name: Publish on PyPI\n"),
    ),
    _mutation(
        "stored-token",
        RELEASE,
        ("          attestations: true\n", "          password: ${{ secrets.TOKEN }}\n"),
        "zizmor use-trusted-publishing",
    ),
    _mutation(
        "tools-not-locked",
        RELEASE,
        ("uv sync --locked --no-install-project --only-group dev", "pip install seatrial"),
        "CI114",
    ),
    _mutation(
        "built-again-for-the-tests",
        RELEASE,
        (
            "      - name: Run the session\n",
            "      - name: Build\n        run: nox -s build\n      - name: Run the session\n",
        ),
        "CI107",
    ),
    _mutation(
        "artefact-not-fetched",
        RELEASE,
        (
            f"    steps:\n      - name: Fetch the distributions\n        uses: {DOWNLOAD_ARTIFACT_PIN}\n        with:\n          artifact-ids: ${{{{ needs.build.outputs.artifact }}}}\n          path: dist\n      - name: See that the tag has not moved\n",
            "    steps:\n      - name: See that the tag has not moved\n",
        ),
        "CI107",
    ),
    _mutation(
        "tag-not-compared",
        RELEASE,
        ("seatrial ci.verify", "echo"),
    ),
    _mutation("runs-cancelled", RELEASE, ("cancel-in-progress: false", "cancel-in-progress: true")),
    _mutation(
        "runs-side-by-side",
        RELEASE,
        ("concurrency:\n  group: release-${{ github.ref }}\n  cancel-in-progress: false\n", ""),
        "zizmor concurrency-limits",
    ),
    _mutation(
        "job-without-an-end",
        RELEASE,
        ("    timeout-minutes: 60\n", ""),
        "CI115",
        "schema custom.github-workflows-require-timeout",
    ),
    _mutation("any-machine", RELEASE, ("runs-on: ubuntu-24.04", "runs-on: ubuntu-latest")),
    _mutation(
        "machine-of-somebody", RELEASE, ("runs-on: ubuntu-24.04", "runs-on: [self-hosted]"), "zizmor self-hosted-runner"
    ),
    _mutation("attestations-off", RELEASE, ("attestations: true", "attestations: false"), "CI113"),
    _mutation("old-files-passed-over", RELEASE, ("attestations: true", "skip-existing: true"), "CI113"),
    _mutation(
        "two-indexes-in-a-job",
        RELEASE,
        (
            f"      - name: Publish\n        {PUBLISH}\n",
            f"      - name: Publish\n        {PUBLISH}\n      - name: Publish\n        {PUBLISH}\n",
        ),
        "CI106",
    ),
    _mutation(
        "release-by-an-action",
        RELEASE,
        (
            f"        {PUBLISH}\n        with:\n          attestations: true\n\n  release:\n",
            f"        {PUBLISH}\n        with:\n          attestations: true\n      - name: Release\n        uses: softprops/action-gh-release@b4309332981a82ec1c5618f44dd2e27cc8bfbfda # v3.0.0\n\n  release:\n",
        ),
        "zizmor superfluous-actions",
    ),
    _mutation(
        "published-untested",
        RELEASE,
        ("'push'\n    needs: [build, test]\n", "'push'\n    needs: [build]\n"),
        "CI108",
    ),
    _mutation("gate-without-the-tests", CI, ("needs: [plan, build, test]", "needs: [plan, build]"), "CI108", "CI111"),
    _mutation("gate-that-is-skipped", CI, ("    if: always()\n", ""), "CI111"),
    _mutation(
        "gate-that-looks-away",
        CI,
        ('jq --exit-status \'all(.[]; .result == "success")\' <<< "$NEEDS"', "echo all is well"),
        "CI111",
    ),
    _mutation("waits-for-a-missing-job", RELEASE, ("needs: [build, pypi]", "needs: [build, pipy]"), "actionlint"),
    _mutation(
        "output-of-a-missing-step",
        RELEASE,
        ("steps.sessions.outputs.matrix", "steps.session.outputs.matrix"),
        "actionlint",
    ),
    _mutation(
        "key-misspelt", RELEASE, ("fail-fast: false", "failfast: false"), "actionlint", "schema vendor.github-workflows"
    ),
    _mutation(
        "pins-raised-at-once", DEPENDABOT, ("    cooldown:\n      default-days: 7\n", ""), "zizmor dependabot-cooldown"
    ),
    _mutation("another-tag", RELEASE, ("tags: [v*]", "tags: [release-*]")),
)
