// The page: the global stream, the board that shows it, and the panel for one's own configurations.

import { Board, oncePerFrame } from "./board.js";
import { LiveView } from "./live_view.js";
import { Panel } from "./panel.js";
import { TIMINGS } from "./timings.js";
import { view } from "./view.js";

const board = new Board(document.body);
const redraw = oncePerFrame(() => board.draw(view(global.state, Date.now(), TIMINGS.silenceMs)));
const global = new LiveView({ url: "api/v2/stream", pollUrl: "api/v2/metrics", timings: TIMINGS, changed: redraw });

document.getElementById("try-now").addEventListener("click", () => global.tryNow());
setInterval(redraw, 1000); // ages and countdowns
redraw();
global.start(); // before the panel: whatever keeps that from working, the stream is shown

const panel = new Panel(document.getElementById("own"), TIMINGS);
setInterval(() => panel.redraw(), 1000);
panel.start();
