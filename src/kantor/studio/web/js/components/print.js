/** Print the score on A4, with title, composer and credits, and nothing else of the page. */
import { request } from "../lib/api.js";
import { preview } from "../state/hearing.js";
import { layout } from "../state/engraved.js";
import { piece, saved } from "../state/piece.js";
import { fault, say } from "../state/ui.js";

export async function printScore() {
  const open = piece.peek();
  if (!open) return;
  say("The pages are being engraved…");
  try {
    await saved();
    const query = new URLSearchParams({ layout: layout.peek() });
    if (preview.peek() !== null) query.set("take", String(preview.peek()));
    const answer = await request("GET", `/api/pieces/${open.id}/export/svg?${query}`);
    const drawing = new DOMParser().parseFromString(await answer.text(), "image/svg+xml").documentElement;
    const pages = drawing.querySelector(":scope > svg:not(.definition-scale)") ? [...drawing.children] : [drawing];
    document.querySelector(".print_sheets")?.remove();
    const sheets = document.createElement("div");
    sheets.className = "print_sheets";
    for (const page of pages) {
      for (const name of ["y", "width", "height"]) page.removeAttribute(name);
      const sheet = document.createElement("div");
      sheet.className = "print_sheet";
      sheet.append(page);
      sheets.append(sheet);
    }
    document.body.append(sheets);
    const title = document.title;
    document.title = open.title; // what browsers name the PDF
    addEventListener("afterprint", () => {
      sheets.remove();
      document.title = title;
    }, { once: true });
    print();
  } catch (error) {
    fault(error);
  }
}
