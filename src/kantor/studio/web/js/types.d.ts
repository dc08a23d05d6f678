/** Shapes shared with the server: see `kantor.studio.document`. Times are steps (sixteenths). */

export type Span = [start: number, end: number];
export type NoteSpan = [start: number, end: number, pitch: number];

export interface LineDocument {
  name: string;
  low: number;
  high: number;
  kind: "pitched" | "drum";
  colour: string;
  program: number;
  pan: number;
  /** how loud the line is as the ensemble has it, and as the mix has it */
  level: number;
  volume: number;
  muted: boolean;
  solo: boolean;
  notes: NoteSpan[];
  given: Span[];
  locked: Span[];
}

/** What an ensemble is besides its lines. */
export interface Cast {
  leads: number;
  bass: number | null;
  writing: "voices" | "accompaniment";
  sound: { tempo: number; swing: number; humanise: number; seed: number } | null;
}

/** Steps from which quarters are counted, and the share of each that its first eighth has. */
export type Swing = [step: number, ratio: number][];

export interface Played {
  line: number;
  notes: [start: number, end: number, pitch: number, velocity: number][];
  strength: number;
}

export interface ModelReference {
  name: string;
  version: number;
}

export interface Piece {
  format: 1;
  id: string;
  revision: number;
  title: string;
  created: string;
  changed: string;
  model: ModelReference | null;
  ensemble: string;
  cast: Cast | null;
  steps: number;
  meter: string;
  pickup: number;
  key: { fifths: number; mode: "major" | "minor" };
  tempo: number;
  meters: [step: number, meter: string][];
  tempi: [step: number, tempo: number][];
  bar_lines: number[];
  fermatas: Span[];
  notation: Record<string, unknown>;
  lines: LineDocument[];
  played: Played | null;
  source: {
    kind: "recording" | "file" | "sample" | "form";
    name: string;
    options: Record<string, unknown>;
    messages: string[];
  };
  take: number | null;
  starred: number[];
  temperature: number | null;
  plainness: number;
  candidates: number;
  history: { at: string; what: string }[];
}

export interface Region {
  start: number;
  end: number;
  lines: number[];
}

export interface Take {
  number: number;
  made: string;
  model: ModelReference;
  /** which played the drums, where the model does not */
  drums: ModelReference | null;
  seed: number;
  index: number;
  temperature: number | null;
  plainness: number;
  candidates: number;
  region: Region | null;
  revision: number;
  steps: number;
  notes: NoteSpan[][];
  critic: number | null;
  character: string;
}

export interface Model {
  name: string;
  style: string;
  version: number;
  aliases: string[];
  created: string;
  figures: { name: string; value: number }[];
  parameters: string[];
  voices: string[];
  /** of the style: what it is called, what it is, the licence of its data */
  title: string;
  about: string;
  licence: string;
  /** the name of what it composes for, the lines without notes, and which of them leads */
  ensemble: string;
  lines: LineDocument[];
  leads: number;
  cast: Cast | null;
  meters: string[];
  /** which other model can play drums to its pieces, and their lines */
  drums: (ModelReference & { licence: string; meters: string[]; lines: LineDocument[] }) | null;
  preset: string;
  /** why it cannot be used; empty where it can */
  reason: string;
}

export interface PieceSummary {
  id: string;
  title: string;
  created: string;
  changed: string;
  bars: number;
  meter: string;
  key: string;
  takes: number;
  kind: string;
  /** why it cannot be opened, and what to do; empty where it can */
  fault: string;
}

/** What a take, a piece or a model's sample sounds like, for the synthesizer. */
export interface Hearing {
  steps: number;
  tempo: number;
  tempi: [step: number, tempo: number][];
  /** empty or absent where eighths are even */
  swing?: Swing;
  lines: {
    program: number;
    pan: number;
    volume: number;
    silent: boolean;
    drum: boolean;
    /** start and end in steps, possibly fractions; MIDI number; velocity 1 to 127 */
    notes: [start: number, end: number, pitch: number, velocity: number][];
  }[];
}
