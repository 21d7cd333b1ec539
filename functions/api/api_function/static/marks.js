// The shapes of the sentiments on a canvas, in the colours that CSS gives them.

import { SENTIMENTS } from "./minute_words.js";

const COLOURS = [...SENTIMENTS, "line", "ink", "card"];

/**
 * Returns the colours of a canvas as CSS computes them now, by name. A span inside the canvas takes
 * each name as its class, because the value of a variable alone may still be a formula.
 */
export function coloursOf(canvas) {
  const span = canvas.appendChild(document.createElement("span"));
  const colours = COLOURS.map((each) => {
    span.className = each;
    return [each, getComputedStyle(span).color];
  });
  span.remove();
  return Object.fromEntries(colours);
}

/** Returns a small canvas for each sentiment: its mark, with a rim in the colour of the card. */
export function markSprites(colours, radius, ratio) {
  const size = 2 * Math.ceil(radius + 2);
  const sprites = SENTIMENTS.map((sentiment) => {
    const canvas = document.createElement("canvas");
    canvas.width = size * ratio;
    canvas.height = size * ratio;
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    context.translate(size / 2, size / 2);
    context.fillStyle = colours[sentiment];
    context.strokeStyle = colours.card;
    context.lineWidth = 1;
    trace(context, sentiment, radius);
    context.fill();
    context.stroke();
    return [sentiment, { canvas, size }];
  });
  return Object.fromEntries(sprites);
}

/** A triangle up, a circle, a triangle down. */
function trace(context, sentiment, radius) {
  context.beginPath();
  if (sentiment === "neutral") {
    context.arc(0, 0, radius * 0.92, 0, 2 * Math.PI);
    return;
  }
  const up = sentiment === "positive" ? -1 : 1;
  context.moveTo(-radius, -up * radius * 0.8);
  context.lineTo(radius, -up * radius * 0.8);
  context.lineTo(0, up * radius);
  context.closePath();
}
