#include "verifier/crash/image_view.hpp"

#include <boost/assert.hpp>

#include <algorithm>
#include <cstring>
#include <utility>
#include <xxhash.h>

namespace ordeal::verifier::crash {

Stamp stamp_of(const std::byte* sector) {
    const Stamp hash = XXH3_64bits(sector, sector_size);
    return hash == 0 ? 1 : hash;
}

Stamp placed(Stamp content, std::uint64_t number) {
    // splitmix64's finaliser: a sum of these does not cancel where contents trade places.
    std::uint64_t mixed = content + (number + 1) * 0x9e3779b97f4a7c15U;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31U);
}

BaseImage::BaseImage(std::vector<std::byte> bytes)
    : bytes_(std::move(bytes)),
      stamps_(bytes_.size() / sector_size),
      chunk_stamps_((stamps_.size() + chunk - 1) / chunk) {
    bytes_.resize(stamps_.size() * sector_size);
}

void BaseImage::put(std::uint64_t number, const std::byte* content) {
    std::memcpy(bytes_.data() + number * sector_size, content, sector_size);
    stamps_[number] = 0;
    chunk_stamps_[number / chunk] = 0;
}

Stamp BaseImage::stamp(std::uint64_t number) const {
    auto& known = stamps_[number];
    if (known == 0) {
        known = stamp_of(sector(number));
    }
    return known;
}

Stamp BaseImage::chunk_stamp(std::uint64_t index) const {
    auto& known = chunk_stamps_[index];
    if (known == 0) {
        const auto end = std::min(sectors(), (index + 1) * chunk);
        for (auto number = index * chunk; number < end; ++number) {
            known += placed(stamp(number), number);
        }
    }
    return known;
}

ImageView::ImageView(const BaseImage& base, InFlight* in_flight)
    : base_(base),
      in_flight_(in_flight),
      slots_(base.sectors(), certain),
      departed_((base.sectors() + BaseImage::chunk - 1) / BaseImage::chunk),
      departures_(1) {}

const std::byte* ImageView::departed(std::uint32_t slot) {
    auto& departure = departures_[slot];
    if (departure.now.content == nullptr) {
        departure.now = in_flight_->decide(departure.number);
    }
    return departure.now.content;
}

ImageView::Departure& ImageView::depart(std::uint64_t number) {
    slots_[number] = static_cast<std::uint32_t>(departures_.size());
    ++departed_[number / BaseImage::chunk];
    return departures_.emplace_back(Departure{.number = number});
}

bool ImageView::read(std::uint64_t offset, std::span<std::byte> into) {
    if (offset > size() || into.size() > size() - offset) {
        return false;
    }
    while (!into.empty()) {
        const auto within = offset % sector_size;
        const auto take = std::min(into.size(), sector_size - within);
        std::memcpy(into.data(), sector(offset / sector_size) + within, take);
        into = into.subspan(take);
        offset += take;
    }
    return true;
}

std::byte* ImageView::overlay_of(std::uint64_t number, bool whole) {
    if (!whole) {
        (void)sector(number);
    }
    const auto slot = slots_[number];
    auto& departure = slot == certain ? depart(number) : departures_[slot];
    if (departure.overlay == nullptr || departure.step + 1 != steps_.size()) {
        if (pool_used_ == pool_.size()) {
            pool_.emplace_back(sector_size);
        }
        const auto* before = slot == certain ? base_.sector(number) : departure.now.content;
        departure.overlay = pool_[pool_used_++].data();
        departure.step = steps_.size() - 1;
        steps_.back().writes.push_back({number, before, departure.overlay});
        if (!whole) {
            std::memcpy(departure.overlay, before, sector_size);
        }
    }
    departure.now = {departure.overlay, 0};
    return departure.overlay;
}

bool ImageView::write(std::uint64_t offset, std::span<const std::byte> from) {
    if (offset > size() || from.size() > size() - offset) {
        return false;
    }
    while (!from.empty()) {
        const auto within = offset % sector_size;
        const auto take = std::min(from.size(), sector_size - within);
        auto* overlay = overlay_of(offset / sector_size, take == sector_size);
        std::memcpy(overlay + within, from.data(), take);
        from = from.subspan(take);
        offset += take;
    }
    return true;
}

Stamp ImageView::stamp_of_sector(std::uint64_t number) {
    const auto slot = slots_[number];
    if (slot == certain) {
        return base_.stamp(number);
    }
    (void)departed(slot);
    auto& now = departures_[slot].now;
    if (now.stamp == 0) {
        now.stamp = stamp_of(now.content);
    }
    return now.stamp;
}

Stamp ImageView::stamp(std::uint64_t first, std::uint64_t count) {
    BOOST_ASSERT(first <= sectors() && count <= sectors() - first);
    const auto end = first + count;
    Stamp sum = 0;
    for (auto number = first; number < end;) {
        const auto index = number / BaseImage::chunk;
        const auto chunk_end = std::min(sectors(), (index + 1) * BaseImage::chunk);
        if (number % BaseImage::chunk == 0 && chunk_end <= end && departed_[index] == 0) {
            sum += base_.chunk_stamp(index);
            number = chunk_end;
            continue;
        }
        for (const auto stop = std::min(end, chunk_end); number < stop; ++number) {
            sum += placed(stamp_of_sector(number), number);
        }
    }
    return sum;
}

std::span<const Possible> ImageView::possible(std::uint64_t number) {
    const auto slot = slots_[number];
    if (slot != certain && departures_[slot].now.content == nullptr) {
        if (const auto all = in_flight_->possible(number); !all.empty()) {
            return all;
        }
    }
    single_ = {sector(number), stamp_of_sector(number)};
    return {&single_, 1};
}

void ImageView::mark_in_flight(std::uint64_t number) {
    BOOST_ASSERT(departures_.size() == marked_);
    if (slots_[number] == certain) {
        depart(number);
        marked_ = departures_.size();
    }
}

void ImageView::reset() {
    for (auto slot = marked_; slot < departures_.size(); ++slot) {
        const auto number = departures_[slot].number;
        slots_[number] = certain;
        --departed_[number / BaseImage::chunk];
    }
    departures_.resize(marked_);
    for (std::size_t slot = 1; slot < marked_; ++slot) {
        departures_[slot].now = {};
        departures_[slot].overlay = nullptr;
    }
    steps_.resize(1);
    steps_.front() = {};
    pool_used_ = 0;
}

void ImageView::clear() {
    marked_ = 1;
    reset();
}

}  // namespace ordeal::verifier::crash
