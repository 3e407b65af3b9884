// Colours. The players' are Okabe and Ito's, which people with any colour vision can tell apart, lifted for a dark
// ground. Wanderers differ in shape as well.

export const PLAYERS = ["#6fd3ff", "#ffb347", "#4fe0b0", "#ff8fc7", "#f7ea6a", "#8fa8ff", "#ff7f5c", "#e9eefc"];
export const WANDERERS = ["#3fd6c6", "#ffc857", "#ff4f78"];

/** `#rrggbb` with an alpha. */
export function fade(colour, alpha) {
  const value = parseInt(colour.slice(1), 16);
  return `rgba(${value >> 16}, ${value >> 8 & 255}, ${value & 255}, ${alpha})`;
}
