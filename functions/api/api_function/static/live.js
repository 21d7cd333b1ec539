// The entry module of the page: the global live view and the board that draws it; the panel for the
// visitor's own configurations comes when it is wanted.

import { Board, calmly } from "./board.js";
import { showState } from "./live_icon.js";
import { LiveView } from "./live_view.js";
import { showPanelWhenWanted } from "./own.js";
import { describeOnPaper } from "./paper.js";
import { Questions } from "./questions.js";
import { offerThemes } from "./theme.js";
import { TIMINGS } from "./timings.js";
import { view } from "./view.js";

offerThemes(document.getElementById("theme")); // first: nothing is painted before
describeOnPaper(document.querySelector(".printed"));
const NAME = document.title;

const board = new Board(document.body);
const look = () => {
  const options = { freshMs: TIMINGS.freshMs, sentiment: questions.sentiment };
  return view(questions.state, Date.now(), TIMINGS.silenceMs, options);
};
const redraw = calmly(() => {
  const shown = look();
  board.draw({ ...shown, choice: questions.choice, ticker: questions.ticker });
  questions.draw(shown);
  tell(shown);
});
const liveView = new LiveView({
  url: "api/v2/stream",
  pollUrl: "api/v2/metrics",
  timings: TIMINGS,
  changed: (isUrgent, fact) => {
    questions.hear(fact, liveView.state);
    board.list.note(questions.items, Date.now() + liveView.state.skewMs);
    refresh(isUrgent);
  },
});
const questions = new Questions(document.body, liveView.state, {
  timings: TIMINGS,
  changed: redraw,
  listed: () => board.list.listed,
});

document.getElementById("try-now").addEventListener("click", () => liveView.tryNow());
setInterval(() => refresh(), 1000); // ages and countdowns
redraw();
questions.start();
liveView.start();
showPanelWhenWanted(document.getElementById("own"), TIMINGS);

/** Shows the state in the title and the icon of the tab: these are seen when the page is not. */
function tell(shown) {
  const title = `${shown.label} – ${NAME}`;
  if (document.title !== title) document.title = title;
  showState(shown);
}

/** A hidden page is not drawn. */
function refresh(isUrgent) {
  if (document.hidden) tell(look());
  redraw(isUrgent);
}
