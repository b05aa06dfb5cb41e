/**
 * Whether this visit is private: nothing is written to storage, neither cases nor settings. It applies to the tab and
 * survives a reload (sessionStorage), so that it can't end unnoticed; it ends when the tab is closed.
 */
const KEY = 'rounds.private';

let isPrivate = readFlag();

export function isPrivateVisit(): boolean {
  return isPrivate;
}

export function setPrivateVisit(value: boolean): void {
  isPrivate = value;
  try {
    if (value) sessionStorage.setItem(KEY, 'on');
    else sessionStorage.removeItem(KEY);
  } catch {
    // Storage is blocked, so nothing is stored anyway.
  }
}

function readFlag(): boolean {
  try {
    return sessionStorage.getItem(KEY) === 'on';
  } catch {
    return false;
  }
}
