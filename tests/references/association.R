# Reference numbers for the scores of two-by-two tables, from their definitions, in base R (fisher.test, chisq.test,
# phyper, binom.test, p.adjust; everything else written out on the four cells):
#
#   Rscript tests/references/association.R > tests/references/association.json

# first cell, first row, first column, all; the last ones have empty cells
tables <- rbind(c(30, 1000, 40, 10000),
                c(5, 1000, 40, 10000),
                c(3, 4, 4, 8),
                c(1, 4, 4, 8),
                c(12, 40, 33, 100),
                c(1, 15334, 19, 191998),
                c(52, 15334, 658, 191998),
                c(1187, 168329, 14608, 19720567),
                c(5610, 174548, 7867, 10409868),
                c(90, 250000, 300, 1000000),
                c(5000, 10000, 6000, 1000000),
                c(0, 1000, 40, 10000),
                c(40, 1000, 40, 10000),
                c(10, 10, 40, 10000),
                c(0, 40, 60, 100))
a <- tables[, 1]
r <- tables[, 2]
c1 <- tables[, 3]
n <- tables[, 4]
b <- r - a
c <- c1 - a
d <- n - r - c1 + a
each <- function(f) sapply(seq_len(nrow(tables)), f)
square <- function(i) matrix(c(a[i], c[i], b[i], d[i]), 2)
quietly <- function(x) suppressWarnings(x)

xlog <- function(o, e) ifelse(o == 0, 0, o * log(o / e))
e11 <- r * c1 / n
e12 <- r * (n - c1) / n
e21 <- (n - r) * c1 / n
e22 <- (n - r) * (n - c1) / n
g4 <- 2 * (xlog(a, e11) + xlog(b, e12) + xlog(c, e21) + xlog(d, e22))
g2 <- 2 * (xlog(a, e11) + xlog(c, e21))

# quanteda.textstats 0.97, src/keyness.cpp: 0.5 where |ad - bc| >= n / 2 and an expected count is below 5
small <- abs(a * d - b * c) >= n / 2 & pmin(e11, e12, e21, e22) < 5
quanteda <- n * (abs(a * d - b * c) - n * ifelse(small, 0.5, 0))^2 / (r * (n - r) * c1 * (n - c1))

tail_log <- function(k, lower) phyper(k, c1, n - c1, r, lower.tail = lower, log.p = TRUE)

# Log ratio of two rates, given their sum: the interval of a share, as odds (binom.test is Clopper-Pearson)
conservative <- function(level) each(function(i) {
  share <- binom.test(a[i], c1[i], conf.level = level)$conf.int
  bounds <- log2((n[i] - r[i]) / r[i] * share / (1 - share))
  if (a[i] / r[i] >= c[i] / (n[i] - r[i])) max(bounds[1], 0) else min(bounds[2], 0)
})
halved <- function(x) ifelse(x == 0, 0.5, x)
ratio <- log((halved(a) / r) / (halved(c) / (n - r)))
error <- sqrt(1 / halved(a) + 1 / halved(c) - 1 / r - 1 / (n - r)) * qnorm(1 - 0.05 / 2 / length(a))
normal <- ifelse(ratio >= 0, pmax(ratio - error, 0), pmin(ratio + error, 0)) / log(2)

odds <- function(add) (a + add) * (d + add) / ((b + add) * (c + add))
empty <- a == 0 | b == 0 | c == 0 | d == 0

# Two texts of eight words and a background for the log-odds with a Dirichlet prior. scattertext 0.2.2's own scorer
# (LogOddsRatioInformativeDirichletPrior; scale_type "none", and "word" with sigma 50 for the scaled prior) was run on the
# same counts and gave z_full to 15 digits.
target <- c(30, 0, 12, 5, 1, 0, 100, 7)
reference <- c(10, 4, 0, 5, 0, 2, 180, 9)
background <- c(300, 40, 11, 70, 2, 5, 2600, 120)
dirichlet <- function(alpha) {
  y <- target + alpha
  z <- reference + alpha
  delta <- log(y / (sum(y) - y)) - log(z / (sum(z) - z))
  variance <- 1 / y + 1 / z
  full <- variance + 1 / (sum(y) - y) + 1 / (sum(z) - z)
  list(delta = delta, variance = variance, z = delta / sqrt(variance), z_full = delta / sqrt(full))
}
pooled <- (target + reference) / sum(target + reference)

p <- c(0.01, 0.04, 0.03, 0.005, 0.8, 0.03, 1, 0.0001)
statistic <- c(0, 0.5, 3.84, 10.83, 200, 1500, 15000)

numbers <- function(x) {
  text <- sprintf("%.17g", x)
  text[is.nan(x)] <- "NaN"
  text[x == Inf] <- "Infinity"
  text[x == -Inf] <- "-Infinity"
  paste0("[", paste(text, collapse = ", "), "]")
}
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
  made_by = "tests/references/association.R, from the definitions and with base R's tests",
  r = R.version.string,
  tables = tables,
  scores = list(
    log_likelihood = g4,
    log_likelihood_2_cells = g2,
    log_likelihood_signed = ifelse(a < e11, -g4, g4),
    bic = g4 - log(n),
    chi_squared = each(function(i) quietly(chisq.test(square(i), correct = FALSE)$statistic)),
    chi_squared_clamped = each(function(i) quietly(chisq.test(square(i), correct = TRUE)$statistic)),
    chi_squared_plain = (abs(a - e11) - 0.5)^2 * (1 / e11 + 1 / e12 + 1 / e21 + 1 / e22),
    chi_squared_small = quanteda,
    fisher_greater = each(function(i) fisher.test(square(i), alternative = "greater")$p.value),
    fisher_less = each(function(i) fisher.test(square(i), alternative = "less")$p.value),
    fisher_two_sided = each(function(i) fisher.test(square(i))$p.value),
    fisher_log_greater = tail_log(a - 1, FALSE),
    fisher_log_less = tail_log(a, TRUE),
    mi = log2(a / e11),
    mi2 = log2(a^2 / e11),
    mi3 = log2(a^3 / e11),
    local_mi = xlog(a, e11) / log(2),
    npmi = ifelse(a == 0, -1, log(a / e11) / -log(a / n)),
    t_score = (a - e11) / sqrt(a),
    z_score = (a - e11) / sqrt(e11),
    dice = 2 * a / (r + c1),
    log_dice = 14 + log2(2 * a / (r + c1)),
    delta_p_collocate = a / (a + b) - c / (c + d),
    delta_p_node = a / (a + c) - b / (b + d),
    min_sensitivity = pmin(a / (a + b), a / (a + c)),
    odds_ratio_haldane = odds(ifelse(empty, 0.5, 0)),
    odds_ratio_always = odds(0.5),
    odds_ratio_none = odds(0),
    log_ratio = log2(halved(a) / r / (halved(c) / (n - r))),
    log_ratio_none = log2(a / r / (c / (n - r))),
    conservative_log_ratio = conservative(1 - 0.05 / length(a)),
    conservative_log_ratio_sidak = conservative(0.95^(1 / length(a))),
    conservative_log_ratio_none = conservative(0.95),
    conservative_log_ratio_normal = normal,
    percent_difference_half = (a / r - halved(c) / (n - r)) * 100 / (halved(c) / (n - r)),
    percent_difference_none = (a / r - c / (n - r)) * 100 / (c / (n - r)),
    simple_maths = (1e6 * a / r + 1) / (1e6 * c / (n - r) + 1)
  ),
  target = target,
  reference = reference,
  background = background,
  log_odds_background = dirichlet(background),
  log_odds_scaled = dirichlet(50 * pooled),
  p = p,
  benjamini_hochberg = p.adjust(p, "BH"),
  statistic = statistic,
  p_value = pchisq(statistic, 1, lower.tail = FALSE),
  log_p_value = pchisq(statistic, 1, lower.tail = FALSE, log.p = TRUE)
)), "\n", sep = "")
