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
const redraw = calmly(() => {
  const options = { freshMs: TIMINGS.freshMs, sentiment: questions.sentiment };
  const shown = view(questions.state, Date.now(), TIMINGS.silenceMs, options);
  board.draw({ ...shown, choice: questions.choice, ticker: questions.ticker });
  questions.draw(shown);
  const title = `${shown.title} – ${NAME}`;
  if (document.title !== title) document.title = title;
  showState(shown);
});
const liveView = new LiveView({
  url: "api/v2/stream",
  pollUrl: "api/v2/metrics",
  timings: TIMINGS,
  changed: (isUrgent, fact) => {
    questions.hear(fact, liveView.state);
    board.list.note(questions.items, Date.now() + liveView.state.skewMs);
    redraw(isUrgent);
  },
});
const questions = new Questions(document.body, liveView.state, {
  timings: TIMINGS,
  changed: redraw,
  listed: () => board.list.listed,
});

document.getElementById("try-now").addEventListener("click", () => liveView.tryNow());
setInterval(() => redraw(), 1000); // ages and countdowns
redraw();
questions.start();
liveView.start();
showPanelWhenWanted(document.getElementById("own"), TIMINGS);
