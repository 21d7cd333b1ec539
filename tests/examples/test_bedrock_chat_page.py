"""A user chats: words appear one by one, Stop stops, Retry repeats, failures are shown."""

from pathlib import Path

import axe_core_python
import pytest
from selenium.webdriver import Keys

from tests.examples.chat_page import TOKEN, ChatPage
from tests.examples.serving import FRONTS, FUNCTION_URL, served
from tests.support import model as models
from tests.support.model import BrokenOff, ModelError
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e

AXE = Path(axe_core_python.__file__).parent / "axe.min.js"
RUN_AXE = """
const done = arguments[0];
axe.run().then(({ violations }) => done(
  violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)])));"""
BELOW = """
const { scrollHeight, scrollTop, clientHeight } = document.documentElement;
return scrollHeight - scrollTop - clientHeight;"""
SIDEWAYS = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
THROTTLED = ("ThrottlingException", "Too many requests", 429)


@pytest.fixture(scope="module")
def serving():
    with models.running() as model:
        endpoint = f"AWS_ENDPOINT_URL_BEDROCK_RUNTIME={model.url}"
        with served("bedrock-chat", "--pass-env", endpoint) as example:
            yield model, example


@pytest.fixture
def model(serving):
    model, _ = serving
    model.asked.clear()
    yield model
    eventually(model.words.empty)  # the next test's words are for its own questions


@pytest.fixture
def open_page(driver, serving):
    opened = []

    def open_one(front=FUNCTION_URL, **options):
        opened.append(ChatPage(driver, serving[1].url(front), **options))
        return opened[-1]

    yield open_one
    for page in opened:
        page.close()


@pytest.fixture
def page(open_page):
    return open_page()


def answer(page, model, question="Hello", words=("All ", "is ", "well.")):
    page.ask(question)
    for word in words:
        model.say(word)
    model.finish()
    return page.wait_until_idle()


@pytest.mark.parametrize("front", FRONTS)
def test_words_appear_one_by_one(open_page, model, front):
    page = open_page(front)
    page.ask("What is streaming?")
    seen = ""
    for word in ("It ", "comes ", "häppchenweise 🌊"):
        model.say(word)
        seen += word
        page.wait_for_answer(seen)
        assert page.now["stops"]
    model.finish()

    now = page.wait_until_idle()
    (turn,) = now["turns"]
    assert (turn["question"], turn["answer"], turn["note"]) == ("What is streaming?", seen, "")
    assert (now["status"], now["focus"]) == (seen, "question")
    assert page.complaints() == []


def test_the_conversation_goes_along(page, model):
    answer(page, model, "One", ("First.",))
    answer(page, model, "Two", ("Second.",))

    _, request = model.asked
    assert [(each["role"], each["content"]) for each in request["messages"]] == [
        ("user", [{"text": "One"}]),
        ("assistant", [{"text": "First."}]),
        ("user", [{"text": "Two"}]),
    ]


@pytest.mark.parametrize("by", ["button", "key"])
def test_stop_stops_and_keeps_what_came(page, model, by):
    page.ask("Tell me everything")
    model.say("Every")
    page.wait_for_answer("Every")
    if by == "button":
        page.click("#stop")
    else:
        page.type(Keys.ESCAPE)
    now = page.wait_until_idle()
    model.say("thing")  # the function does not know, and reads on
    model.finish()

    turn = now["turns"][-1]
    assert (turn["answer"], turn["note"], turn["retry"]) == ("Every", "Stopped.", True)
    assert now["focus"] == "question"
    answer(page, model, "And then?", ("Done.",))
    assert [each["content"][0]["text"] for each in model.asked[-1]["messages"]] == [
        "Tell me everything",
        "Every",
        "And then?",
    ]


def test_what_was_stopped_before_its_first_word_is_left_out_of_the_conversation(page, model):
    page.ask("Nothing yet")
    page.wait_for(lambda now: now["stops"])
    page.click("#stop")
    page.wait_until_idle()
    model.finish()

    answer(page, model, "Again", ("Yes.",))

    assert [each["content"][0]["text"] for each in model.asked[-1]["messages"]] == ["Again"]


def test_retry_asks_the_last_question_again_and_replaces_the_answer(page, model):
    answer(page, model, "One", ("First.",))
    answer(page, model, "Two", ("Wrong.",))
    assert [turn["retry"] for turn in page.now["turns"]] == [False, True]

    page.click("li:last-child .retry")
    page.wait_for_answer("")
    model.say("Right.")
    model.finish()

    now = page.wait_until_idle()
    assert [turn["answer"] for turn in now["turns"]] == ["First.", "Right."]
    assert model.asked[-1]["messages"] == model.asked[-2]["messages"]
    assert now["focus"] == "question"


@pytest.mark.parametrize("error", [ModelError("ModelStreamErrorException", "no"), BrokenOff()])
def test_an_error_midway_is_shown_below_what_came(page, model, error):
    page.ask("Hello")
    model.say("It ")
    page.wait_for_answer("It ")
    model.fail(error)

    turn = page.wait_until_idle()["turns"][-1]
    assert (turn["answer"], turn["note"], turn["retry"]) == ("It ", "The model failed.", True)
    assert page.now["status"] == "It  The model failed."


def test_an_error_before_the_first_word_is_shown_and_can_be_retried(page, model):
    page.ask("Hello")
    for _ in range(2):  # botocore tries it again
        model.fail(ModelError(*THROTTLED))
    turn = page.wait_until_idle()["turns"][-1]
    assert turn["note"] == "The model is busy. Try again in a moment."

    page.click(".retry")
    page.wait_for(lambda now: now["stops"])
    model.say("Now.")
    model.finish()

    turn = page.wait_until_idle()["turns"][-1]
    assert (turn["answer"], turn["note"]) == ("Now.", "")


def test_what_no_retry_can_mend_has_no_button(page, model):
    page.ask("Hello")
    model.fail(ModelError("ValidationException", "Input is too long."))

    turn = page.wait_until_idle()["turns"][-1]
    assert turn["note"] == "The model does not take this conversation."
    assert not turn["retry"]


def test_silence_is_taken_for_a_lost_connection(open_page, model):
    page = open_page(silence_ms=300)
    page.ask("Hello")
    model.say("It ")

    turn = page.wait_until_idle()["turns"][-1]
    assert (turn["note"], turn["retry"]) == ("The connection was lost.", True)
    model.finish()


def test_an_environment_that_is_killed_midway_ends_the_answer_with_a_note(page, model, serving):
    _, example = serving
    page.ask("Hello")
    model.say("It ")
    page.wait_for_answer("It ")
    for environment in example.emulator.environments():
        example.emulator.kill_environment(environment["pid"])

    turn = page.wait_until_idle()["turns"][-1]
    assert turn["note"] in ("The answer broke off.", "The connection was lost.")
    assert (turn["answer"], turn["retry"]) == ("It ", True)
    model.finish()


def test_without_a_network_the_question_can_be_asked_again(page, model):
    page.lose_next_request()
    page.ask("Hello")
    turn = page.wait_until_idle()["turns"][-1]
    assert (turn["note"], turn["retry"]) == ("The connection was lost.", True)

    page.click(".retry")
    model.say("Back.")
    model.finish()

    page.wait_for_answer("Back.")


def test_a_wrong_token_asks_for_the_right_one_and_then_for_the_answer(open_page, model):
    page = open_page(token="wrong")
    page.ask("Hello")
    now = page.wait_for(lambda now: now["door"])
    assert (now["doorNote"], now["focus"]) == ("The access token is wrong.", "token")
    assert model.asked == []

    page.type(TOKEN + Keys.ENTER, into="token")
    model.say("Welcome.")
    model.finish()

    page.wait_for_answer("Welcome.")


def test_the_token_does_not_stay_in_the_address(page):
    assert "#" not in page.driver.current_url


def test_what_a_model_says_is_text_and_never_markup(page, model):
    now = answer(page, model, "<b>bold</b>", ("<img src=x ", "onerror=alert(1)>", "\nline"))

    (turn,) = now["turns"]
    assert turn["question"] == "<b>bold</b>"
    assert turn["answer"] == "<img src=x onerror=alert(1)>\nline"


def test_shift_and_enter_begin_a_line_and_blank_messages_are_not_sent(page, model):
    page.ask("   ")
    assert page.now["turns"] == []

    page.type("one" + Keys.SHIFT + Keys.ENTER + Keys.NULL + "two" + Keys.ENTER)
    model.finish()

    assert page.wait_until_idle()["turns"][-1]["question"] == "one\ntwo"


def test_a_new_chat_forgets_the_old_one(page, model):
    answer(page, model)
    page.click("#new")
    assert page.now["turns"] == []

    answer(page, model, "Fresh")

    assert len(model.asked[-1]["messages"]) == 1


def test_the_end_stays_in_view_and_whoever_reads_above_is_left_there(page, model):
    page.resize(390, 844, "light")
    page.ask("Hello")
    for number in range(40):
        model.say(f"line {number}\n")
    eventually(lambda: "line 39" in page.last["answer"])
    assert page.driver.execute_script(BELOW) < 2

    page.resize(390, 500, "light")  # a keyboard comes up
    eventually(lambda: page.driver.execute_script(BELOW) < 2)
    page.driver.execute_script("document.documentElement.scrollTo(0, 100)")
    model.say("and more\n" * 5)
    eventually(lambda: page.last["answer"].endswith("and more\n"))
    assert page.driver.execute_script("return document.documentElement.scrollTop") == 100
    model.finish()
    page.wait_until_idle()
    assert page.driver.execute_script("return document.documentElement.scrollTop") == 100


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(390, 844), (1440, 900)])
def test_it_is_accessible_and_nothing_sticks_out(page, model, size, scheme):
    page.resize(*size, scheme)
    answer(page, model, "averylongwordwithoutanyspaceinit" * 5, ("sowasistlang" * 30,))
    page.ask("And an error")
    model.say("Well")
    page.wait_for_answer("Well")
    page.driver.execute_script(AXE.read_text("utf-8"))
    assert page.driver.execute_async_script(RUN_AXE) == []
    model.fail(BrokenOff())
    page.wait_until_idle()

    assert page.driver.execute_async_script(RUN_AXE) == []
    assert page.driver.execute_script(SIDEWAYS) == 0
