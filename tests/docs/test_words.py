"""Do the words that docs/errors.md and docs/troubleshooting.md quote exist in the code?"""

import re

import pytest

from tests.support.paths import ROOT

SOURCES = "\n".join(
    path.read_text("utf-8")
    for folder in ("layers/streaming_runtime", "local_lambda")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix == ".py" or path.name == "bootstrap"
)
# Literals that stand beside each other are one text.
SOURCES += re.sub(r"\"\s*\n\s*f?\"", "", SOURCES)
ERRORS = (ROOT / "docs/errors.md").read_text("utf-8")
SYMPTOMS = (ROOT / "docs/troubleshooting.md").read_text("utf-8")

# Words of others, by whoever says them.
SAID_BY_OTHERS = {
    '{"statusCode": 200, "headers": ...': "the body that AWS's own runtime makes",
    "Object of type generator is not JSON serializable": "Python's json, in AWS's own runtime",
    "/opt/bootstrap": "AWS's start script",
    "Internal Server Error": "Function URLs",
    '{"message": "Internal server error"}': "REST APIs",
    "InvalidLambdaFunctionOutput": "API Gateway's log",
    "Malformed Lambda proxy response": "API Gateway's log",
    "Forbidden": "Function URLs",
    "Missing Authentication Token": "API Gateway",
    "Request Entity Too Large": "fronts",
    "Too Many Requests": "fronts",
    "Endpoint request timed out": "API Gateway",
    "curl: (18) transfer closed with outstanding read data remaining": "curl",
    "curl: (92)": "curl",
    "EventSource": "browsers",
    "error": "browsers",
    "blocked by CORS policy": "browsers",
    "ModuleNotFoundError": "Python",
}


def spans(text):
    return re.findall(r"`([^`\n]+)`", text)


def first_cells(text):
    return re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE)


def is_said(words):
    if words.startswith("Runtime."):
        return words in SOURCES or f'"{words.removeprefix("Runtime.")}"' in SOURCES
    return words in SOURCES


QUOTED = sorted({words for cell in first_cells(ERRORS) for words in spans(cell)})
HEADINGS = re.findall(r"^### (.*)$", SYMPTOMS, re.MULTILINE)


@pytest.mark.parametrize("words", QUOTED)
def test_what_an_error_is_said_to_say_is_in_the_code(words):
    assert is_said(words)


def test_every_error_type_of_the_runtime_has_its_row():
    folder = ROOT / "layers/streaming_runtime/python/streaming_runtime"
    texts = [path.read_text("utf-8") for path in folder.glob("*.py")]
    types = {each for text in texts for each in re.findall(r"\"(Runtime\.[A-Z]\w+)\"", text)}

    assert len(types) > 9
    assert {each for each in types if f"`{each}`" not in ERRORS} == set()


def test_every_record_of_the_log_has_its_row():
    folder = ROOT / "layers/streaming_runtime/python"
    texts = [path.read_text("utf-8") for path in folder.rglob("*.py")]
    record = re.compile(r"\"((?:runtime|asgi|wsgi|sse|streaming)\.[a-z_]+)(?:: | %)")
    events = {each for text in texts for each in record.findall(text)}

    assert len(events) > 15
    assert {each for each in events if f"`{each}`" not in ERRORS} == set()


@pytest.mark.parametrize("words", sorted({words for each in HEADINGS for words in spans(each)}))
def test_the_words_of_a_symptom_are_in_the_code_or_somebody_elses(words):
    assert words in SAID_BY_OTHERS or is_said(words)


def test_every_word_of_the_runtimes_log_in_the_text_is_in_the_code():
    said = {words for words in spans(SYMPTOMS) if re.match(r"runtime\.|Runtime\.", words)}

    assert len(said) > 3
    assert {words for words in said if not is_said(words)} == set()


def test_somebody_elses_words_are_all_used():
    assert {words for words in SAID_BY_OTHERS if words not in spans(SYMPTOMS)} == set()
