// The app's global shortcuts.

import { post, spoken } from "./api.js";
import { toast } from "./toast.js";

/** @param {{callback_id: string}} shortcut */
export async function runGlobalShortcut(shortcut) {
  try {
    await post("shortcut", { callback_id: shortcut.callback_id });
  } catch (error) {
    toast(spoken(error), "error");
  }
}
