#pragma once

#include "testbed/domain_xml.hpp"
#include "testbed/guest_doors.hpp"
#include "testbed/lab_testbed.hpp"

#include <atomic>
#include <memory>
#include <string>

namespace ordeal {

/// A domain that the testbed provisioned.
struct LabTestbed::Entry {
    DomainSpec spec;
    DomainPlace place;
    std::string xml;
    std::atomic<LabHost*> host = nullptr;  ///< where it runs, or ran last
    std::string address;
    std::shared_ptr<GuestDoors> doors;
};

}  // namespace ordeal
