# Reference numbers for dispersion, from their definitions, in base R:
#
#   Rscript tests/references/dispersion.R > tests/references/dispersion.json
#
# v: how often a word stands in each part; s: sizes of the parts.

measures <- function(v, s) {
  f <- sum(v); share <- s / sum(s); p <- v / s; n <- length(v)
  population_sd <- function(x) sqrt(mean((x - mean(x))^2))
  q <- (p / sum(p))[v > 0]
  t <- (v / f)[v > 0]
  c(part_range = sum(v > 0),
    juilland_d = 1 - population_sd(p) / mean(p) / sqrt(n - 1),
    carroll_d2 = -sum(q * log(q)) / log(n),
    rosengren_s = sum(sqrt(share * v))^2 / f,
    gries_dp = sum(abs(v / f - share)) / 2,
    dp_norm = sum(abs(v / f - share)) / 2 / (1 - min(share)),
    kl_divergence = sum(t * log2(t / share[v > 0])))
}

# Average reduced frequency: each window of N / f places that begins at an occurrence, moved around the ring.
arf <- function(places, n) {
  f <- length(places)
  window <- n / f
  total <- 0
  for (i in seq_along(places)) {
    after <- if (i < f) places[i + 1] else places[1] + n
    total <- total + min(after - places[i], window)
  }
  total / window
}

cases <- list(
  list(v = c(1, 2, 3, 4, 5), s = c(9, 10, 10, 10, 11)),       # the corpus of Gries (2008: 406; 2020), word a
  list(v = c(2, 2, 2, 2, 2), s = c(9, 10, 10, 10, 11)),       # word b
  list(v = c(2, 0, 1, 1, 3, 0, 3, 0, 0, 0),                   # ALLEMAND, Lyne (1985: 85, 299)
       s = c(8143, 8058, 8271, 8125, 7959, 7941, 8146, 8001, 8003, 7930)),
  list(v = c(0, 0, 7, 0), s = c(120, 80, 15, 900)),
  list(v = c(1, 0, 0, 0), s = c(120, 80, 15, 900)),
  list(v = c(25, 3, 0, 118, 1, 40), s = c(1000, 350, 20, 4100, 77, 901)),
  list(v = c(12, 8, 2, 90), s = c(120, 80, 20, 900)))

numbers <- function(x) paste0("[", paste(sprintf("%.17g", x), collapse = ", "), "]")
lines <- sapply(cases, function(case) {
  m <- measures(case$v, case$s)
  fields <- paste0("\"", names(m), "\": ", sprintf("%.17g", m), collapse = ", ")
  paste0("  {\"v\": ", numbers(case$v), ", \"s\": ", numbers(case$s), ", ", fields, "}")
})

tokens <- strsplit("bamnibeupkbasatbewqnbcagabestabaghabeaatbahaabeaxa", "")[[1]]
words <- sort(unique(tokens))
reduced <- sapply(words, function(w) arf(which(tokens == w), length(tokens)))
pairs <- paste0("\"", words, "\": ", sprintf("%.17g", reduced), collapse = ", ")

cat("{\"made by\": \"", R.version.string, "\",\n\"parts\": [\n", paste(lines, collapse = ",\n"),
    "\n],\n\"tokens\": \"", paste(tokens, collapse = ""), "\",\n\"arf\": {", pairs, "}}\n", sep = "")
