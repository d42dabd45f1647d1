/** One root em of the page, px: what canvases size their text and lines by. */
export function rootEm(): number {
  return Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
}
