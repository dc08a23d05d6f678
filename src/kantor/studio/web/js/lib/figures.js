/** The figures of a model, in plain words. */

/** @param {number} value */
const percent = (value) => `${Math.round(value * 100)} %`;
/** @param {number} value */
const rare = (value) => `${value.toFixed(2)} per 100 sixteenths`;

/** @type {Record<string, [words: string, how: (value: number) => string, meaning: string]>} */
export const FIGURES = {
  overlap: ["Closeness to the originals", percent, "How much its chords, leaps and rhythms are like those it learned from. 100 % means the same."],
  triad_or_seventh: ["Beats with a real chord", percent, "Beats on which the voices make a triad or a seventh chord."],
  complete_triads: ["Full chords", percent, "Beats on which no note of the chord is missing."],
  semitone_clash: ["Clashes", percent, "Beats on which two voices stand a semitone apart. Fewer is smoother."],
  parallel_fifths: ["Parallel fifths", rare, "Two voices moving in fifths, which Bach avoids."],
  parallel_octaves: ["Parallel octaves", rare, "Two voices moving in octaves, which Bach avoids."],
  crossing: ["Voices crossed", percent, "Steps on which a lower voice stands above a higher one."],
  chord_tones: ["Melody in the chord", percent, "Notes of the melody on beats that belong to the chord below."],
  lead_clash: ["Melody clashes", percent, "Beats on which the melody stands a semitone from another line."],
  bass_on_roots: ["Bass on roots", percent, "Beats on which the bass has the root of the chord."],
  same_drums: ["The groove holds", percent, "Drum hits that are the same in the bar before."],
  changed_by_another_melody: ["Follows the melody", percent, "How many notes are others under another melody, both in one key."],
  changed_by_another_seed: ["Variety", percent, "How many notes differ from one take to the next."],
};
