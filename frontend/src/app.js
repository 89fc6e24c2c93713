// What every page does on top of plain HTML. Without it all links and forms still work.
import { filling } from "./app/filling.js";
import { keyboard } from "./app/keyboard.js";
import { lists } from "./app/lists.js";
import { messages } from "./app/messages.js";
import { folds, panels } from "./app/panels.js";
import { submitting } from "./app/submitting.js";

for (const start of [messages, keyboard, lists, panels, folds, submitting, filling]) start(document);
