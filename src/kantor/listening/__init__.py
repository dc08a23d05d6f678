"""A blind listening test: of two settings of the same melody, which one is Bach's?"""
