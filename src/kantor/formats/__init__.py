"""Files to scores and back: MIDI, MusicXML, ABC, piano rolls, sound, pictures."""
