# Reference numbers for exclusivity and for the UMass coherence of stm, from their definitions, in base R:
#
#   Rscript tests/references/exclusivity.R > tests/references/exclusivity.json
#
# stm (Roberts, Stewart & Tingley) and lda (Chang) are not needed. Their sources were read, and their own functions
# (stm: calcfrex with js.estimate, calclift, calcscore, exclusivity, semanticCoherence; lda: top.topic.words), run on
# the same matrices, gave the same numbers.

# Topics x words. The second and the third word are alike in all topics; some words have equal weight in one topic.
raw <- rbind(c(90, 40, 40,  7, 1,  0, 12, 30,  0,  5, 2, 0),
             c(10, 25, 25, 60, 1,  3, 12,  0, 44,  5, 0, 9),
             c( 0,  5,  5, 60, 0, 80, 33,  2, 13,  8, 1, 0),
             c(20,  5,  5, 11, 0, 17, 50, 70,  6, 90, 0, 1))
weights <- (raw + 0.1) / rowSums(raw + 0.1)
counts <- c(120, 75, 75, 138, 2, 100, 107, 102, 63, 108, 3, 1)
share <- counts / sum(counts)

documents <- rbind(c(2, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0),
                   c(1, 1, 0, 3, 0, 0, 1, 0, 1, 0, 0, 0),
                   c(0, 0, 1, 1, 0, 2, 1, 0, 1, 0, 0, 0),
                   c(0, 0, 0, 0, 0, 1, 1, 2, 0, 1, 0, 0),
                   c(1, 0, 0, 0, 1, 0, 0, 1, 0, 3, 0, 0),
                   c(1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0),
                   c(0, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 1),
                   c(1, 0, 0, 0, 0, 0, 1, 1, 0, 1, 0, 0),
                   c(0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0))

ranks <- function(m) t(apply(m, 1, rank)) / ncol(m)  # equal values share the mean of their ranks
harmonic <- function(excl, balance) 1 / (balance / ranks(excl) + (1 - balance) / ranks(weights))

excl <- sweep(weights, 2, colSums(weights), "/")  # P(topic | word)

shrunk <- excl
for (v in seq_along(counts)) {
  even <- 1 / nrow(excl)
  p <- excl[, v]
  if (counts[v] <= 1) {
    shrunk[, v] <- even
  } else {
    lambda <- sum(p * (1 - p)) / (counts[v] - 1) / sum((p - even)^2)
    lambda <- min(1, lambda)
    shrunk[, v] <- lambda * even + (1 - lambda) * p
  }
}

top_words <- function(top) t(apply(weights, 1, order, decreasing = TRUE))[, seq_len(top)]  # topics x top

exclusivity <- function(top, balance) {
  scores <- harmonic(excl, balance)
  words <- top_words(top)
  sapply(seq_len(nrow(weights)), function(k) sum(scores[k, words[k, ]]))
}

difference <- function(smoothing) {  # lda's score; stm's with no smoothing
  logs <- log(weights + smoothing)
  weights * sweep(logs, 2, colMeans(logs))
}

# Of two words, the one that comes later in the list of all topics' top words is looked for in the documents of the
# earlier one; 0.01 is added to both counts.
semantic_coherence <- function(top) {
  words <- top_words(top)
  list_of_words <- unique(as.vector(t(words)))
  holds <- documents[, list_of_words] > 0
  together <- crossprod(holds)
  sapply(seq_len(nrow(words)), function(k) {
    places <- sort(match(words[k, ], list_of_words))
    total <- 0
    for (later in seq_along(places)[-1]) for (earlier in seq_len(later - 1)) {
      m <- places[later]
      l <- places[earlier]
      total <- total + log(together[m, l] + 0.01) - log(together[l, l] + 0.01)
    }
    total
  })
}

numbers <- function(x) paste0("[", paste(sprintf("%.17g", x), collapse = ", "), "]")
json <- function(x) {
  if (is.list(x)) {
    paste0("{\n", paste0("\"", names(x), "\": ", sapply(x, json), collapse = ",\n"), "\n}")
  } else if (is.matrix(x)) {
    paste0("[\n", paste(apply(x, 1, numbers), collapse = ",\n"), "\n]")
  } else if (is.character(x)) {
    paste0("\"", x, "\"")
  } else {
    numbers(x)
  }
}

cat(json(list(
  made_by = paste("tests/references/exclusivity.R, from the definitions, with base R's rank, order and crossprod;",
                  "stm's and lda's own functions gave the same numbers"),
  r = R.version.string,
  weights = weights,
  counts = counts,
  documents = documents,
  frex_half = harmonic(excl, 0.5),
  frex_exclusive = harmonic(excl, 0.7),
  frex_shrunk_half = harmonic(shrunk, 0.5),
  frex_shrunk_frequent = harmonic(shrunk, 0.2),
  lift = log(weights) - matrix(log(share), nrow(weights), ncol(weights), byrow = TRUE),
  score_stm = difference(0),
  score_lda = difference(1e-5),
  exclusivity_10 = exclusivity(10, 0.7),
  exclusivity_3 = exclusivity(3, 0.5),
  semantic_coherence_4 = semantic_coherence(4),
  semantic_coherence_10 = semantic_coherence(10)
)), "\n", sep = "")
