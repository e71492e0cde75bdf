"""A GitLab pipeline, as far as it is plain: what a tag starts, and which job publishes.

GitLab, "CI/CD YAML syntax reference". Only the file itself is read; what takes GitLab's own interpreter (includes,
references, expressions of several parts) is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Optional

from seatrial.ci.before_upload import BeforeUpload, Script, otherwise_built, up_to_upload
from seatrial.ci.expressions import Answer, all_of, any_of
from seatrial.ci.github import jobs_awaited, text_at, texts_at, variables_at
from seatrial.ci.job_commands import PASSWORD_VARIABLE, UploadReader
from seatrial.ci.job_uploads import Index, index_of
from seatrial.errors import PipelineInvalid
from seatrial.project.config_files import table_at

PIPELINE_FILE = ".gitlab-ci.yml"
"""Where GitLab looks for the pipeline, unless a setting of the project says otherwise."""

STAGES = (".pre", "build", "test", "deploy", ".post")
"""The stages of a pipeline that names none."""

NO_JOBS = ("cache", "default", "image", "include", "services", "spec", "stages", "variables", "workflow")
"""The keys of a file that are no jobs."""

INHERITED = ("before_script", "id_tokens")
"""What a job has from ``default``, as far as it matters here."""

DEEPEST = 11
"""How deep a job may extend another; GitLab refuses more."""

MOST = 1000
"""How many commands of a job are read: a list that holds itself has no end."""

TOKENS = {Index.PYPI: ("PYPI_ID_TOKEN", "pypi"), Index.TESTPYPI: ("TESTPYPI_ID_TOKEN", "testpypi")}
"""The variable in which twine and uv look for the identity token for an index, and whom that is for."""

REGISTRY = "CI_API_V4_URL"
"""The variable in the address of GitLab's own index of packages."""

TAG_RULE = "rules:\n  - if: $CI_COMMIT_TAG"
"""What has a tag start a job."""


@dataclass(frozen=True)
class PipelineUpload:
    """An upload by a job; ``place``: that of the last command that uploads to this index."""

    place: int
    index: Index
    address: str | None
    has_password: bool
    attests: bool


@dataclass(frozen=True)
class PipelineJob:
    """A job, as it is for one tag.

    ``commands``: those of ``before_script`` and ``script``; ``starts``: whether the tag starts it; ``is_manual``:
    whether it then waits until somebody starts it; ``needs``: the jobs that it names, None where it waits for all of
    earlier stages; ``asks``: whether it asks for an identity token; ``tokens``: the variables of these tokens, and whom
    each is for; ``uploads``: one for each index.
    """

    name: str
    stage: str
    commands: tuple[str, ...]
    starts: Answer
    is_manual: bool = False
    environment: str | None = None
    needs: tuple[str, ...] | None = None
    asks: Answer = Answer.NO
    tokens: tuple[tuple[str, tuple[str, ...]], ...] = ()
    uploads: tuple[PipelineUpload, ...] = ()

    @property
    def upload(self) -> PipelineUpload | None:
        """That to PyPI, None for none."""
        return next((upload for upload in self.uploads if upload.index is Index.PYPI), None)

    @property
    def has_password(self) -> bool:
        """Whether it uploads to PyPI with a stored password."""
        return self.upload is not None and self.upload.has_password

    def has_token(self, index: Index) -> Answer:
        """Whether it has the identity token for PyPI or TestPyPI in the variable that is read, for that index."""
        variable, audience = TOKENS[index]
        audiences = dict(self.tokens).get(variable, ())
        if self.asks is not Answer.YES or audience in audiences:
            return self.asks
        return Answer.UNKNOWN if any("$" in audience for audience in audiences) else Answer.NO


@dataclass(frozen=True)
class Pipeline:
    """A pipeline, as it is for ``tag``: ``jobs`` in the order of their stages, those that it does not start too.

    ``starts``: whether the tag starts a pipeline; ``includes``: the files that were not read, and so may hold jobs.
    """

    tag: str
    jobs: tuple[PipelineJob, ...]
    starts: Answer = Answer.YES
    includes: tuple[str, ...] = ()

    @classmethod
    def of(cls, text: str, tag: str) -> Pipeline:
        """Read the file for one tag. Raises `PipelineInvalid` where it is no table of jobs."""
        table = _loaded(text)
        includes = _texts(table.get("include"))
        names = [name for name, value in table.items() if isinstance(value, dict) and name not in NO_JOBS]
        stages = (".pre", *_texts(table.get("stages")), ".post") if "stages" in table else STAGES
        jobs = [_job(name, table, tag) for name in names if not name.startswith(".")]
        jobs.sort(key=lambda job: stages.index(job.stage) if job.stage in stages else len(stages))
        is_known = not includes or "workflow" in table
        start = of_rules(table_at(table, "workflow").get("rules"), tag) if is_known else Answer.UNKNOWN
        return cls(tag, tuple(jobs), start, includes)

    def publishing_job(self, environment: str) -> PipelineJob | None:
        """Return the job that uploads: of those that the tag may start, that of this environment, or the last."""
        return self.job_for(Index.PYPI, environment)

    def job_for(self, index: Index, environment: str) -> PipelineJob | None:
        """Return the job that uploads to an index, chosen as `publishing_job` does."""
        uploading = [job for job in self.jobs if index in {upload.index for upload in job.uploads}]
        uploading = [job for job in uploading if job.starts is not Answer.NO] or uploading
        jobs = [job for job in uploading if job.environment == environment] or uploading
        return jobs[-1] if jobs else None

    def heard(self, job: PipelineJob | None) -> tuple[Answer, str]:
        """Return whether the tag starts the job that publishes; and why, unless it does."""
        if job is None:
            return Answer.UNKNOWN, f"no job that is written in {PIPELINE_FILE} itself publishes to PyPI"
        needs = job.needs or ()
        needed = [other for other in self.jobs if other.name in needs]
        starts = (("a pipeline", self.starts), *((f"the job {other.name}", other.starts) for other in (job, *needed)))
        for subject, answer in starts:
            if answer is Answer.NO:
                why = f"{self.tag} does not start {subject} of {PIPELINE_FILE}, as the rules say"
                return answer, f"{why}, so nothing would be published"
        missing = sorted({*needs} - {other.name for other in self.jobs})
        if missing and not self.includes:
            why = f"the job {job.name} of {PIPELINE_FILE} needs {', '.join(missing)}, which is not in the file"
            return Answer.NO, why
        if missing or all_of(answer for _, answer in starts) is Answer.UNKNOWN:
            return Answer.UNKNOWN, f"{PIPELINE_FILE} has rules that only GitLab can evaluate, or includes other files"
        return Answer.YES, ""

    def scripts_before_upload(self, job: PipelineJob) -> Iterator[Script]:
        """Yield what the jobs run that a job waits for, then what itself runs up to its upload."""
        needs = {other.name: other.needs for other in self.jobs if other.needs is not None}
        for place, other in enumerate(self.jobs):
            earlier = tuple(each.name for each in self.jobs[:place] if each.stage != other.stage)
            needs.setdefault(other.name, earlier)
        awaited = jobs_awaited([job.name], needs) - {job.name}
        for other in self.jobs:
            if other.name in awaited:
                condition = f"if: the rules of {other.name}"
                yield Script("\n".join(other.commands), other.starts, condition, place=_place(other))
        last = job.upload.place if job.upload else 0
        text = "\n".join((*job.commands[:last], *map(up_to_upload, job.commands[last : last + 1])))
        yield Script(text, place=_place(job))

    def build_without_session(self, environment: str, folder: str) -> str | None:
        """Return what makes its files identical to the verified ones, None where it does it or does not publish.

        ``environment``: that of the job which publishes; ``folder``: that of the project.
        """
        job = self.publishing_job(environment)
        if job is None or BeforeUpload.of(self.scripts_before_upload(job), folder).sessions_build:
            return None
        return otherwise_built(PIPELINE_FILE)


def _place(job: PipelineJob) -> str:
    return f"{PIPELINE_FILE}, job {job.name}"


def _job(name: str, table: Mapping[str, Any], tag: str) -> PipelineJob:
    own, is_whole = _extended(name, table)
    inherits = table_at(own, "inherit").get("default", "true")
    keys = INHERITED if inherits == "true" else inherits if isinstance(inherits, list) else ()
    job = dict(own)
    for shared in (table_at(table, "default"), table):
        job = {**{key: shared[key] for key in INHERITED if key in shared and key in keys}, **job}
    variables = {**variables_at(table, "variables"), **variables_at(job, "variables")}
    commands = tuple(text for key in ("before_script", "script") for text in _texts(job.get(key)))
    tokens = job.get("id_tokens", {})
    is_known = isinstance(tokens, dict) and (bool(tokens) or (is_whole and "include" not in table))
    return PipelineJob(
        name=name,
        stage=text_at(job, "stage") or "test",
        commands=commands,
        starts=start_of(job, tag) if is_whole else Answer.UNKNOWN,
        is_manual=is_manual(job, tag),
        environment=text_at(job, "environment") or text_at(table_at(job, "environment"), "name") or None,
        needs=tuple(_needs(job["needs"])) if "needs" in job else None,
        asks=Answer.of(tokens) if is_known else Answer.UNKNOWN,
        tokens=tuple((str(key), texts_at(table_at(tokens, key), "aud")) for key in tokens) if is_known else (),
        uploads=_uploads(commands, variables),
    )


def _uploads(commands: tuple[str, ...], variables: Mapping[str, str]) -> tuple[PipelineUpload, ...]:
    reader, uploads = UploadReader(), dict[tuple[Index, Optional[str]], PipelineUpload]()
    for place, command in enumerate(commands):
        for upload in reader.uploads(command, variables):
            index = index_of(upload.index, upload.address)
            index = Index.OTHER if REGISTRY in (upload.address or "") else index
            key = index, None if index in TOKENS else upload.address
            earlier = uploads.get(key, PipelineUpload(place, *key, has_password=False, attests=False))
            has_password, attests = earlier.has_password or upload.has_password, earlier.attests or upload.attests
            uploads[key] = replace(earlier, place=place, has_password=has_password, attests=attests)
    has_password = reader.stores_password or any(map(PASSWORD_VARIABLE.fullmatch, variables))
    return tuple(replace(upload, has_password=upload.has_password or has_password) for upload in uploads.values())


def _extended(name: str, table: Mapping[str, Any], depth: int = 0) -> tuple[dict[str, Any], bool]:
    """Return a job with what it extends, and whether all of that is in the file."""
    if not isinstance(table.get(name), dict) or depth > DEEPEST:
        return {}, False
    own = table[name]
    merged: dict[str, Any] = {}
    is_whole = True
    for parent in texts_at(own, "extends"):
        inherited, is_there = _extended(parent, table, depth + 1)
        merged, is_whole = _merged(merged, inherited), is_whole and is_there
    return _merged(merged, own), is_whole


def _merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Return two jobs as one: tables in both are joined, all else is the second's."""
    both = {key: {**first[key], **second[key]} for key in first if _is_table(first, key) and _is_table(second, key)}
    return {**first, **second, **both}


def _is_table(job: Mapping[str, Any], key: str) -> bool:
    return isinstance(job.get(key), dict)


def _needs(needs: object) -> Iterator[str]:
    """Yield the jobs that have to be over; not jobs of other pipelines, nor jobs that may be missing."""
    for need in needs if isinstance(needs, list) else [needs]:
        if isinstance(need, str):
            yield need
        elif isinstance(need, dict) and not {"project", "pipeline"} & set(need) and need.get("optional") != "true":
            yield text_at(need, "job") or ""


def _texts(value: object) -> tuple[str, ...]:
    """Return the texts of a value, and of the lists and tables in it."""
    texts: list[str] = []
    pending = [value]
    for _ in range(MOST):
        item = pending.pop() if pending else None
        inside = list(item.values()) if isinstance(item, dict) else item if isinstance(item, list) else []
        pending += inside[:MOST][::-1]
        texts += [item] if isinstance(item, str) and item else []
    return tuple(texts)


def _loaded(text: str) -> dict[str, Any]:
    # Only what reads a pipeline needs it.
    import yaml  # noqa: PLC0415

    def reference(_: Any, suffix: str, node: Any) -> str:
        parts = node.value if isinstance(node.value, list) else []
        return f"!{suffix} [{', '.join(str(part.value) for part in parts if isinstance(part, yaml.ScalarNode))}]"

    class Loader(yaml.SafeLoader):
        """Every scalar is a string; of what YAML makes of scalars, ``<<`` alone is kept."""

        yaml_implicit_resolvers = {"<": yaml.SafeLoader.yaml_implicit_resolvers["<"]}  # noqa: RUF012 - as in the base
        yaml_multi_constructors = {**yaml.SafeLoader.yaml_multi_constructors, "!": reference}  # noqa: RUF012

    try:
        documents = list(yaml.load_all(text, Loader=Loader))
    except yaml.MarkedYAMLError as error:
        at = f" line {error.problem_mark.line + 1}:" if error.problem_mark else ""
        raise PipelineInvalid(
            f"{PIPELINE_FILE}:{at} {error.problem or error.context}", fix="correct the YAML"
        ) from None
    except (yaml.YAMLError, RecursionError, TypeError, ValueError):
        raise PipelineInvalid(f"{PIPELINE_FILE} is not valid YAML", fix="correct the YAML") from None
    # A file may begin with a document of its inputs.
    table = documents[-1] if documents else {}
    if not isinstance(table, dict):
        raise PipelineInvalid(f"{PIPELINE_FILE} is not a table of jobs", fix="name a job, with its script")
    return {str(key): value for key, value in table.items()}


COMPARED = re.compile(
    r"""\$\{?(?P<name>\w+)\}?(?:\s*(?P<sign>==|!=|=~|!~)\s*(?:(?P<quote>["'])(?P<text>.*?)(?P=quote)|(?P<null>null)"""
    r"""|\$(?P<other>\w+)|/(?P<pattern>(?:\\.|[^/\\])+)/(?P<flags>i?)))?"""
)
"""The plain form of a rule: one variable, compared with a text or a pattern, or not at all."""


def start_of(job: Mapping[str, Any], tag: str) -> Answer:
    """Return whether a tag starts a job: by its rules, or by ``only`` and ``except``. By hand counts too."""
    when = str(job.get("when", ""))
    if "rules" in job:
        return of_rules(job["rules"], tag, when)
    chosen = _means(job["only"], tag) if "only" in job else Answer.YES
    left_out = _means(job["except"], tag) if "except" in job else Answer.NO
    return all_of((_starts(when), chosen, left_out.negated))


def is_manual(job: Mapping[str, Any], tag: str) -> bool:
    """Return whether a job that the tag starts waits until somebody starts it by hand."""
    when = str(job.get("when", ""))
    whens = _possible_whens(job["rules"], tag, when) if isinstance(job.get("rules"), list) else [when]
    return whens is not None and {text for text in whens if _starts(text) is Answer.YES} == {"manual"}


def of_rules(rules: object, tag: str, when: str = "") -> Answer:
    """Return whether the first rule that holds starts something; where there are no rules, everything does."""
    if not isinstance(rules, list):
        return Answer.YES if rules is None else Answer.UNKNOWN
    whens = _possible_whens(rules, tag, when)
    possible = {_starts(text) for text in whens or ()}
    return possible.pop() if len(possible) == 1 else Answer.UNKNOWN


def _possible_whens(rules: list[Any], tag: str, when: str) -> list[str] | None:
    """Return ``when`` of the rules that may be the first to hold, None where that is not known."""
    possible: list[str] = []
    for rule in rules:
        if not isinstance(rule, dict) or {"changes", "exists"} & set(rule):
            return None
        is_met = _holds(str(rule["if"]), tag) if "if" in rule else Answer.YES
        if is_met is not Answer.NO:
            possible.append(str(rule.get("when", when)))
        if is_met is Answer.YES:
            return possible
    return [*possible, "never"]


def _starts(when: str) -> Answer:
    return Answer.of(when not in {"never", "on_failure"})


def _holds(expression: str, tag: str) -> Answer:
    match = COMPARED.fullmatch(expression.strip())
    values = {"CI_COMMIT_TAG": tag, "CI_COMMIT_REF_NAME": tag, "CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": None}
    if match is None or match["name"] not in values:
        return Answer.UNKNOWN
    value, sign = values[match["name"]], match["sign"]
    if sign is None:
        return Answer.of(value)
    if match["pattern"]:
        is_met = _matches(match["pattern"], value, match["flags"])
    elif match["other"]:
        # A tag has no branch, and the default branch has a name.
        is_met = Answer.NO if value is None and match["other"] == "CI_DEFAULT_BRANCH" else Answer.UNKNOWN
    else:
        is_met = Answer.of(value == match["text"])
    return is_met.negated if sign.startswith("!") else is_met


def _matches(pattern: str, value: str | None, flags: str) -> Answer:
    try:
        return Answer.of(value is not None and re.search(pattern, value, re.IGNORECASE if flags else 0))
    except (re.error, OverflowError, RecursionError):
        return Answer.UNKNOWN


def _means(value: object, tag: str) -> Answer:
    """Return whether ``only`` or ``except`` means the tag."""
    refs = value.get("refs") if isinstance(value, dict) and set(value) == {"refs"} else value
    return any_of(_is_ref_of(ref, tag) for ref in (refs if isinstance(refs, list) else [refs]))


def _is_ref_of(ref: object, tag: str) -> Answer:
    if not isinstance(ref, str):
        return Answer.UNKNOWN
    pattern = re.fullmatch(r"/(.+)/(i?)", ref)
    if pattern:
        return _matches(pattern[1], tag, pattern[2])
    is_plain = re.fullmatch(r"[\w./-]+", ref)
    return Answer.of(ref in {"tags", "pushes", tag}) if is_plain else Answer.UNKNOWN
