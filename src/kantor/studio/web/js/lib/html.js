/** One place from which components take their tools. */
export { html, render } from "htm/preact";
export { batch, computed, effect, signal, useComputed, useSignal, useSignalEffect } from "@preact/signals";
export { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
