import L from 'leaflet';
import { leafletLayer } from 'protomaps-leaflet';

/** A dark base map from one PMTiles file (read by HTTP ranges). Loaded only where the layout asks for it. */
export function pmtilesLayer(url: string): L.Layer {
  // protomaps-leaflet takes Leaflet from the window.
  Object.assign(globalThis, { L });
  // Made absolute, else it is read relative to the script.
  return leafletLayer({ url: new URL(url, document.baseURI).href, flavor: 'dark', lang: 'zh' }) as unknown as L.Layer;
}
