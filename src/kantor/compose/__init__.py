"""From a melody in a file to a composition: request, melody, composer, outputs."""
