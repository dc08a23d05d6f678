/** "What is this?": two sentences each for someone who has never seen a GAN. */

/** @type {Record<string, {title: string, text: string}>} */
export const glossary = {
  "piano roll": {
    title: "Piano roll",
    text: "Music as a picture: time runs to the right, pitch goes up, and each block is a note, as long as it sounds. Each colour is one voice.",
  },
  generator: {
    title: "Generator",
    text: "The network that composes: it is given a melody and some chance, and writes the other voices. Everything that you hear from Kantor comes from it.",
  },
  critic: {
    title: "Critic",
    text: "A second network that learns to tell Bach's music from the generator's. Its judgement is all that the generator learns from in the second phase: it tries to compose so that the critic is wrong.",
  },
  "wasserstein distance": {
    title: "Wasserstein distance",
    text: "How far the critic holds the generator's music to be from Bach's. It should shrink slowly as the generator learns; at zero the critic can no longer tell them apart, or has given up.",
  },
  "gradient penalty": {
    title: "Gradient penalty",
    text: "A rule for the critic: a small change of the music may change its judgement only a little. Without it the critic becomes too sure of itself, and the generator learns nothing from it.",
  },
  "five to one": {
    title: "Five to one",
    text: "The critic takes five steps for each one of the generator. A judge must know more than the pupil, or its advice is worth nothing.",
  },
  "mode collapse": {
    title: "Mode collapse",
    text: "The generator finds one piece that pleases the critic and writes it again and again. Kantor measures how much two takes of one melody differ, and warns when it is too little.",
  },
  "empty bars": {
    title: "Empty bars",
    text: "The share of bars in which a voice is silent. Bach's chorales have next to none; many of them mean that the generator leaves things out.",
  },
  "pitch histogram": {
    title: "Pitch histogram",
    text: "How many different notes (C, C♯, D, …) a bar uses. Far fewer than Bach's is dull, far more is noise.",
  },
  "notes in scale": {
    title: "Notes in scale",
    text: "The share of notes that belong to the key that fits best. Bach's is about 95 %: a little less than all, for he leaves the key now and then.",
  },
  "likelihood phase": {
    title: "Likelihood phase",
    text: "The first part of the training: the generator sees chorales with some notes hidden and guesses them. So it knows which notes go together before the critic begins to judge whole passages.",
  },
  temperature: {
    title: "Temperature",
    text: "How far the generator follows chance when it picks a note. Low is safe and alike each time, high is daring and sometimes wrong.",
  },
  losses: {
    title: "Losses",
    text: "How badly each network does its own task at the moment. They need not fall: generator and critic pull against each other, and what counts is that neither runs away.",
  },
  "gradient norms": {
    title: "Gradient norms",
    text: "How strongly each network is being changed. They should stay within a band: towards zero nothing is learned any more, and a sudden peak means that the training is breaking up.",
  },
  "bach's band": {
    title: "Bach's band",
    text: "Bach's own mean for a measure, and how far his passages lie around it. The line should come into the band and stay there; to be beyond it is not better.",
  },
};
