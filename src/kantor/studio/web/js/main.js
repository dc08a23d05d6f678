import { App } from "./components/app.js";
import { get } from "./lib/api.js";
import { connect } from "./lib/events.js";
import { html, render } from "./lib/html.js";
import { loadModels } from "./state/models.js";
import { followAddress } from "./state/piece.js";
import { startSaving } from "./state/saving.js";
import { fault, status } from "./state/ui.js";

const root = /** @type {HTMLElement} */ (document.getElementById("app"));
root.textContent = "";
render(html`<${App} />`, root);
connect();
void loadModels();
get("/api/status").then((known) => (status.value = known), fault);
void followAddress().finally(startSaving);
