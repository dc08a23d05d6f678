/** The keys of the roll, for the list of all keys; the roll itself hears them while it has the focus. */
import { registerShortcuts } from "../state/ui.js";

/** @type {[keys: string, what: string][]} */
const KEYS = [
  ["ArrowLeft", "along the grid"], ["ArrowRight", "along the grid"],
  ["ArrowUp", "a semitone up or down"], ["ArrowDown", "a semitone up or down"],
  ["Ctrl+ArrowLeft", "from note to note"], ["Ctrl+ArrowRight", "from note to note"],
  ["Ctrl+ArrowUp", "to the voice above or below"], ["Ctrl+ArrowDown", "to the voice above or below"],
  ["PageUp", "by bars"], ["PageDown", "by bars"],
  ["A", "write this note (A to G; with Shift a semitone higher)"],
  ["Enter", "write a note at the cursor, or hear it"],
  [",", "shorter or longer notes"], [".", "shorter or longer notes"],
  ["Alt+ArrowUp", "move the note"], ["Alt+ArrowDown", "move the note"],
  ["Alt+ArrowLeft", "move the note"], ["Alt+ArrowRight", "move the note"],
  ["Alt+Shift+ArrowLeft", "shorter or longer note"], ["Alt+Shift+ArrowRight", "shorter or longer note"],
  ["Delete", "remove the note, or clear the selection"],
  ["Shift+ArrowLeft", "select along the grid"], ["Shift+ArrowRight", "select along the grid"],
  ["Shift+PageDown", "select bars"],
  ["Shift+ArrowUp", "select the voice above or below as well"], ["Shift+ArrowDown", "select the voice above or below as well"],
  ["Ctrl+A", "select all"], ["Escape", "select nothing"],
  ["+", "nearer or farther"], ["-", "nearer or farther"],
];

registerShortcuts(KEYS.map(([keys, what]) => ({ keys, what, group: "Roll, while it has the focus", run: () => false })));
