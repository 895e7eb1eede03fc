/** The events of <more-like-this>, for TypeScript: their details, and their names on any element and document. */

import type { Crop, Card, Neighbour, Progress, PlainError } from "../shared/types.js";
import type { MoreLikeThis } from "./element.js";

export interface MoreLikeThisEvents {
  "mlt-ready": CustomEvent<{ src: string; items: number; metrics: string[] }>;
  "mlt-results": CustomEvent<{
    item?: string;
    photo?: Blob;
    crop?: Crop;
    metric: string;
    neighbours: Neighbour[];
    seconds: number;
  }>;
  "mlt-select": CustomEvent<{ id: string; card: Card }>;
  "mlt-photo": CustomEvent<{ photo: File | undefined }>;
  "mlt-crop": CustomEvent<{ photo: Blob; crop: Crop | undefined }>;
  "mlt-progress": CustomEvent<Progress>;
  "mlt-error": CustomEvent<PlainError>;
}

declare global {
  interface HTMLElementTagNameMap {
    "more-like-this": MoreLikeThis;
  }
  interface HTMLElementEventMap extends MoreLikeThisEvents {}
  interface DocumentEventMap extends MoreLikeThisEvents {}
}
