// Which names and tickers may a configuration have, and what is said about others? Pure. The rules
// are those of docs/contract.md; a test compares them with the service's.

const MOST_TICKERS = 5;
const LONGEST_NAME = 100;
const QUOTED = 20; // characters of a ticker that are shown
const OUTER_SPACE = /^\p{White_Space}+|\p{White_Space}+$/gu;
const TICKER = /^[A-Za-z]{1,5}$/;
const LETTERS = /^[A-Za-z]+$/;
// The same characters as in dashboard_data/users/names.py.
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/u;
const DIRECTIONS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
const UNSEEN = new RegExp(
  "[\\u0020\\u00a0\\u1680\\u2000-\\u200a\\u202f\\u205f\\u3000" +
    "\\u00ad\\u034f\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200d\\u2060-\\u2065" +
    "\\u206a-\\u206f\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb\\u2800" +
    "\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}]",
  "gu",
);
const NOT_SHOWN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const NUMBERS = "no one two three four five six seven eight nine ten eleven twelve".split(" ");

/** Returns a small number as a word. */
export function inWords(count) {
  return NUMBERS[count] ?? String(count);
}

/** Returns what was typed as a configuration: each ticker once, the name without outer space. */
export function draftOf(typed) {
  const tickers = typed.tickers.split(/[\s,;]+/).filter(Boolean);
  const upper = tickers.map((each) => (LETTERS.test(each) ? each.toUpperCase() : each));
  return { name: typed.name.replace(OUTER_SPACE, ""), tickers: [...new Set(upper)] };
}

/** Returns what is wrong with a draft, as `{name: words, tickers: words}`; only wrong fields. */
export function problemsOf(draft) {
  const found = { name: nameProblem(draft.name), tickers: tickersProblem(draft.tickers) };
  return Object.fromEntries(Object.entries(found).filter(([, words]) => words));
}

function nameProblem(text) {
  const count = [...text].length;
  if (!count) return "A name is missing; for example “Chip makers”";
  if (count > LONGEST_NAME) {
    return `A name has at most ${LONGEST_NAME} characters; this one has ${count}`;
  }
  if (CONTROLS.test(text)) return "A name cannot have control characters or line ends";
  if (DIRECTIONS.test(text)) {
    return "A name cannot have hidden characters that change the direction of text";
  }
  if (!text.isWellFormed()) return "A character of this name is damaged; please type it again";
  if (!text.replace(UNSEEN, "")) return "A name needs a character that can be seen";
  return null;
}

function tickersProblem(tickers) {
  if (!tickers.length) return "A ticker is missing; for example “NVDA AMD”";
  if (tickers.length > MOST_TICKERS) {
    return `At most five tickers; these are ${inWords(tickers.length)}`;
  }
  const wrong = tickers.find((each) => !TICKER.test(each));
  if (wrong === undefined) return null;
  if (LETTERS.test(wrong)) {
    return `${quoted(wrong)} has ${inWords(wrong.length)} letters; a ticker has one to five`;
  }
  return `${quoted(wrong)} has more than letters; a ticker has one to five, from A to Z`;
}

function quoted(text) {
  const shown = [...text.replace(NOT_SHOWN, "\ufffd")];
  return `“${shown.slice(0, QUOTED).join("")}${shown.length > QUOTED ? "…" : ""}”`;
}
