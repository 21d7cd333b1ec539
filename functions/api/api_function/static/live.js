// The entry module of the page: the global live view, the board that draws it, and the panel for
// the visitor's own configurations.

import { Board, calmly } from "./board.js";
import { showState } from "./live_icon.js";
import { LiveView } from "./live_view.js";
import { Panel } from "./panel.js";
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
  board.draw({ ...shown, choice: questions.choice });
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
liveView.start(); // before the panel, so that the stream is shown even if the panel fails

const panel = new Panel(document.getElementById("own"), TIMINGS);
setInterval(() => panel.redraw(), 1000);
panel.start();
