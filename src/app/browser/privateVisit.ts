/**
 * Whether this visit is private: nothing of it is written to storage, neither cases nor settings. It holds for the tab and
 * outlives a reload (sessionStorage), so that nobody leaves it without knowing; it ends with the tab.
 */
const KEY = 'rounds.private';

let isPrivate = readFlag();

export function isPrivateVisit(): boolean {
  return isPrivate;
}

export function setPrivateVisit(wanted: boolean): void {
  isPrivate = wanted;
  try {
    if (wanted) sessionStorage.setItem(KEY, 'on');
    else sessionStorage.removeItem(KEY);
  } catch {
    // Storage is blocked: then nothing is kept anyway.
  }
}

function readFlag(): boolean {
  try {
    return sessionStorage.getItem(KEY) === 'on';
  } catch {
    return false;
  }
}
