#include "core/service.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

Request answered(Instant sent, std::string server = "a", Duration took = 4ms) {
    return {.sent = sent, .ended = sent + took, .server = std::move(server)};
}

Request lost(Instant sent, Duration deadline = 1s) {
    return {.sent = sent, .ended = sent + deadline, .server = {}, .failure = "timeout"};
}

TEST(Requests, AreTheSameAfterTheirText) {
    const std::vector<Request> requests{
        answered(5s, "ha-a"), lost(5s + 20ms), answered(5s + 40ms, "two words")};
    EXPECT_EQ(decode_requests(encode_requests(requests, 5s), 5s), requests);
    EXPECT_EQ(encode_requests(requests, 5s),
              "0 4000 ha-a\n20000 1000000 !timeout\n40000 4000 two words\n");
}

TEST(Requests, CannotBreakTheirTextByWhatAServerAnswers) {
    const auto text = encode_requests({answered(0s, "a\n1 2 b"), answered(1s)}, 0s);
    EXPECT_EQ(decode_requests(text, 0s).size(), 2U);
}

TEST(Requests, LeaveOutWhatIsNoLine) {
    EXPECT_TRUE(decode_requests("", 0s).empty());
    EXPECT_TRUE(decode_requests("1\n1 2\nx y z\n\n1 2 \n", 0s).empty());
}

TEST(Requests, AreInTheOrderOfTheirSending) {
    const History history(
        {{.at = 2s, .kind = "service.requests", .data = {{"rows", std::string("0 9 b\n")}}},
         {.at = 3s,
          .kind = "service.requests",
          .data = {{"rows", std::string("0 9 c\n-2000000 9 a\n")}}}});
    const auto requests = requests_of(history);
    ASSERT_EQ(requests.size(), 3U);
    EXPECT_EQ(requests[0].server, "a");
    EXPECT_EQ(requests[0].sent, 1s);
    EXPECT_EQ(requests[2].server, "c");
}

std::vector<Request> series(Duration until) {
    std::vector<Request> requests;
    for (Instant sent = 0s; sent < until; sent += 20ms) {
        requests.push_back(answered(sent));
    }
    return requests;
}

void fail_from(std::vector<Request>& requests, Instant from, Instant until) {
    for (auto& request : requests) {
        if (request.sent >= from && request.sent < until) {
            request = lost(request.sent);
        }
    }
}

TEST(Outages, AreNoneWhenEveryRequestWasAnswered) {
    EXPECT_TRUE(outages_of(series(5s), 1s).empty());
    EXPECT_TRUE(outages_of({}, 1s).empty());
}

TEST(Outages, LastFromTheFirstLostRequestToTheNextAnswer) {
    auto requests = series(10s);
    fail_from(requests, 2s, 5s);
    const auto outages = outages_of(requests, 1s);
    ASSERT_EQ(outages.size(), 1U);
    EXPECT_EQ(outages[0].from, 2s);
    EXPECT_EQ(outages[0].until, 5s + 4ms);
    EXPECT_EQ(outages[0].failed, 150);
    EXPECT_EQ(outages[0].uncertainty, 44ms);
    EXPECT_EQ(outages[0].before, "a");
}

TEST(Outages, EndWhenTheNetworkDeliversWhatItHadKept) {
    // Sent in the last 600 ms of the outage, kept until there was somebody, and answered then.
    auto requests = series(10s);
    fail_from(requests, 2s, 4400ms);
    for (auto& request : requests) {
        if (request.sent >= 4400ms && request.sent < 5s) {
            request.ended = 5s + 3ms;
        }
    }
    const auto outages = outages_of(requests, 1s);
    ASSERT_EQ(outages.size(), 1U);
    EXPECT_EQ(outages[0].until, 5s + 3ms);
}

TEST(Outages, GoOnOverAnswersThatDoNotLast) {
    auto requests = series(10s);
    fail_from(requests, 2s, 3s);
    fail_from(requests, 3200ms, 5s);
    EXPECT_EQ(outages_of(requests, 1s).size(), 1U);
    EXPECT_EQ(outages_of(requests, 1s)[0].until, 5s + 4ms);
    EXPECT_EQ(outages_of(requests, 100ms).size(), 2U);
}

TEST(Outages, HaveNoEndWithoutAnAnswer) {
    auto requests = series(5s);
    fail_from(requests, 2s, 5s);
    const auto outages = outages_of(requests, 1s);
    ASSERT_EQ(outages.size(), 1U);
    EXPECT_FALSE(outages[0].until);
    EXPECT_EQ(outages[0].length(5980ms), 3980ms);
}

Event owners_at(Instant at, std::vector<std::string> owners) {
    return {.at = at,
            .kind = "service.owners",
            .data = {{"owners", std::move(owners)}, {"interval", Duration(200ms)}}};
}

TEST(Ownership, LastsUntilTheNextThatDiffers) {
    const auto stretches = ownership_of(History({owners_at(0s, {"a"}),
                                                 owners_at(1s, {"a"}),
                                                 owners_at(1200ms, {"a", "b"}),
                                                 owners_at(1800ms, {"b"})}));
    ASSERT_EQ(stretches.size(), 3U);
    EXPECT_EQ(stretches[0].until, 1200ms);
    EXPECT_EQ(stretches[1].from, 1200ms);
    EXPECT_EQ(stretches[1].until, 1800ms);
    EXPECT_EQ(stretches[2].until, 2s);
}

}  // namespace
}  // namespace ordeal
