// Unsent texts, kept for each person and place across reloads.

import { changed } from "./events.js";
import { store } from "./store.js";

const nameOf = (place) => `draft:${store.team.id}:${store.me?.id}:${place}`;

/** @param {string} place a channel's id, or `channel:ts` of a thread */
export function draftOf(place) {
  try {
    return localStorage.getItem(nameOf(place)) ?? "";
  } catch {
    return "";
  }
}

export function keepDraft(place, text) {
  try {
    const had = Boolean(draftOf(place));
    if (text.trim()) localStorage.setItem(nameOf(place), text);
    else localStorage.removeItem(nameOf(place));
    if (had !== Boolean(text.trim())) changed("workspace");
  } catch {
    // A browser without storage keeps no drafts.
  }
}
