/** What is set for a whole line: given or composed, locked, and how it sounds. */
import { send } from "../lib/api.js";
import { without } from "../lib/line_edits.js";
import { change, past, piece, receive, saved } from "./piece.js";
import { edit, isGiven } from "./editing.js";
import { preview } from "./hearing.js";
import { isLocked } from "./regions.js";
import { fault, say } from "./ui.js";

/** @import {LineDocument, Piece} from "../types.js" */

/**
 * Change how a line sounds. Moving the volume is one step of undo.
 * @param {number} index
 * @param {Partial<Pick<LineDocument, "muted" | "solo" | "volume" | "program">>} mix
 */
export function setMix(index, mix) {
  const name = piece.value?.lines[index].name;
  const label =
    "muted" in mix ? `${mix.muted ? "mute" : "unmute"} the ${name}`
    : "solo" in mix ? `${mix.solo ? "hear" : "no longer hear"} the ${name} alone`
    : "volume" in mix ? `set the volume of the ${name}`
    : `change the instrument of the ${name}`;
  const join = "volume" in mix && past.peek().at(-1)?.label === label;
  change(label, (draft) => void Object.assign(draft.lines[index], mix), { join });
}

/** Given as a whole, or to be composed. @param {number} index */
export function switchGiven(index) {
  const open = piece.value;
  if (!open) return;
  const { name } = open.lines[index];
  const to = !isGiven(open, open.lines[index]);
  edit(to ? `give the ${name}` : `have the ${name} composed`, (draft) => {
    draft.lines[index].given = to ? [[0, draft.steps]] : [];
    draft.lines[index].locked = [];
  });
  say(to ? `The ${name} is given: the model keeps it.` : `The ${name} is composed: the model may change all of it.`);
}

/** Lock all that is composed of a line, or unlock it. @param {number} index */
export function switchLock(index) {
  const open = piece.value;
  if (!open) return;
  const { name } = open.lines[index];
  const locked = isLocked(open, open.lines[index]);
  edit(locked ? `unlock the ${name}` : `lock the ${name}`, (draft) => {
    const line = draft.lines[index];
    line.locked = locked ? [] : [[0, draft.steps]];
    for (const span of line.given) line.locked = without(line.locked, ...span);
  });
  say(locked ? `The ${name} is unlocked.` : `The ${name} is locked: composing leaves it as it is.`);
}

/** Whether the melody can be read again from where it came from. @param {Piece} open */
export const canMoveMelody = (open) => open.source.kind !== "form" && open.lines.filter((line) => isGiven(open, line)).length === 1;

/** Read the melody again, for another line. @param {number} index */
export async function giveMelody(index) {
  try {
    await saved();
    const open = piece.value;
    if (!open) return;
    const { name } = open.lines[index];
    const options = { ...open.source.options, given: name };
    const headers = { "if-match": `"${open.revision}"` };
    const answer = await send("POST", `/api/pieces/${open.id}/source`, { options }, headers);
    receive(`give the melody to the ${name}`, answer);
    preview.value = null;
    say(`The ${name} has the melody now.`);
  } catch (error) {
    fault(error);
  }
}
